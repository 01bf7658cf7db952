;; A stand-in for sid.wasm that does on demand what the real emulator must never do. The first byte of
;; the "tune" says what: "T" traps in its second render, "H" never returns from load, "F" fails with a
;; message in its second render; anything else plays a constant level.
(module
  (memory (export "memory") 8)
  (data (i32.const 16) "{\"author\":\"\",\"songs\":2,\"startSong\":1}\00")
  (data (i32.const 128) "the stand-in gave up\00")
  (global $renders (mut i32) (i32.const 0))

  (func (export "_initialize"))
  (func (export "sid_input") (param i32) (result i32) (i32.const 65536))
  (func (export "sid_info") (result i32) (i32.const 16))
  (func (export "sid_message") (result i32) (i32.const 128))
  (func (export "sid_mute") (param i32))
  (func (export "sid_scope") (param i32))
  (func (export "sid_override_clock") (param i32))
  (func (export "sid_override_chip") (param i32 i32))
  (func (export "sid_skip") (param i32) (result i32) (local.get 0))
  (func (export "sid_state") (result i32) (i32.const 0))
  (func (export "sid_state_size") (result i32) (i32.const 16))
  (func (export "sid_output") (param i32) (result i32) (i32.const 1024))
  (func (export "sid_rom") (param i32 i32) (result i32) (i32.const 0))
  (func (export "sid_width") (param i32))
  (func (export "sid_override_sound") (param i32 i32 i32))

  (func $asked (param $what i32) (result i32)
    (i32.eq (local.get $what) (i32.load8_u (i32.const 65536))))

  (func (export "sid_load") (param i32) (result i32)
    (if (call $asked (i32.const 72)) ;; H
      (then (loop $forever (br $forever))))
    (i32.const 0))

  (func (export "sid_start") (param i32 i32) (result i32)
    (global.set $renders (i32.const 0))
    (i32.const 0))

  (func (export "sid_render") (param $frames i32) (result i32)
    (local $i i32)
    (global.set $renders (i32.add (global.get $renders) (i32.const 1)))
    (if (i32.gt_u (global.get $renders) (i32.const 1))
      (then
        (if (call $asked (i32.const 84)) (then (unreachable))) ;; T
        (if (call $asked (i32.const 70)) (then (return (i32.const 0)))))) ;; F
    (loop $fill
      (f32.store offset=1024 (i32.mul (local.get $i) (i32.const 4)) (f32.const 0.25))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (local.get $frames))))
    (local.get $frames)))
