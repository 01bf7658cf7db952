; The system's variables after power-on that tunes use: pointers, keyboard, screen, and vectors.

* = $03                     ; BASIC's conversions
        .word $b1aa, $b391

* = $2b                     ; BASIC's program, its variables, and its end
        .word $0801, $0803, $0803, $0803, $a000

* = $37
        .word $a000

* = $91                     ; no key is pressed
        .byte $ff

* = $9a                     ; output goes to the screen
        .byte $03

* = $b2
        .word $033c

* = $c5
        .byte $40

* = $c8
        .byte $27

* = $cb
        .byte $40, $01

* = $d1                     ; the cursor's line
        .word $0400, $2700

* = $d5
        .byte $27

* = $f3
        .word $d800, $eb81

* = $0281                   ; memory's limits, color, and screen
        .word $0800, $a000
        .byte $00, $0e, $00, $04, $0a, $00, $04, $10

* = $028f
        .word $eb48

* = $0300
        .word $e38b, $a483, $a57c, $a71a, $a7e4, $ae86

* = $0310
        .byte $4c, $48, $b2

* = $031a                   ; the channels' routines
        .word $f34a, $f291, $f20e, $f250, $f333, $f157, $f1ca, $f6ed
        .word $f13e, $f32f, $fe66, $f4a5, $f5ed
