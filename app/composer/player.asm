; The play routine of the demo tunes: three voices, a filter, a master volume.
; Call init with the subsong (from 0) in A, then play once per frame.
;
; An order list holds pattern numbers, transpositions ($80-$fe: value - $c0 semitones) and ends with $ff, index to go on at.
; A pattern holds events, read when the voice's last event has lasted its rows:
;   $00-$5f note    $60 rest    $62 tie: the next note keeps its envelope (must be an event's first byte)
;   $63 n filter program n      $64 n fade: volume falls by one each n frames      $7f end
;   $80-$bf rows of the events from here on, less one    $c0-$ff instrument from here on

ptr     = $fb
delta   = $fd                   ; a part of a semitone, as a frequency step
sid     = $d400

rest    = $60
tie     = $62
filter  = $63
end     = $7f

        * = $1000
        jmp init
        jmp play

; ---------------------------------------------------------------- init

init:   asl
        asl
        asl
        asl                     ; a song record has 16 bytes
        tay
        lda #0
        ldx #state_end-state-1
clear:  sta state,x
        dex
        bpl clear
        ldx #$18
quiet:  sta sid,x
        dex
        bpl quiet
        lda songs,y
        sta speed
        lda songs+1,y
        sta speed+1
        lda songs+8,y
        sta volume
        lda songs+12,y
        sta early
        lda songs+11,y
        beq frames              ; no timer: once per video frame
        sta $dc05
        lda songs+10,y
        sta $dc04
frames: sty saved
        lda songs+9,y
        tay
        jsr start_filter
        ldy saved
        inc tick                ; the first call of play starts the first row
        ldx #0
order:  lda songs+2,y
        sta order_lo,x
        lda songs+5,y
        sta order_hi,x
        inc left,x
        lda #8
        sta pulse_hi,x
        sty saved
        jsr next_pattern
        ldy saved
        iny
        inx
        cpx #3
        bne order
        rts

; ---------------------------------------------------------------- play

play:   dec tick
        bne between
        ldx parity              ; even and odd rows have speeds of their own: swing
        lda speed,x
        sta tick
        txa
        eor #1
        sta parity
        ldx #2
rows:   jsr step
        dex
        bpl rows
        bmi voices
between:
        lda tick
        cmp early
        bne voices
        ldx #2
ahead:  jsr prepare
        dex
        bpl ahead
voices: ldx #2
voice:  jsr sound
        dex
        bpl voice
        jsr sweep
        jmp fade

; ---------------------------------------------------------------- a row of voice x

step:   dec left,x
        beq due
        rts
due:    jsr point
        sty tied
fetch:  lda (ptr),y
        iny
        cmp #$c0
        bcs set_instrument
        cmp #$80
        bcs set_rows
        cmp #rest
        bcc note_on
        beq note_off
        cmp #filter
        bcc set_tie
        beq set_filter
        lda (ptr),y             ; fade
        iny
        sta fade_rate
        sta fade_left
        jmp fetch
set_instrument:
        and #$3f
        sta instrument,x
        jmp fetch
set_rows:
        and #$3f
        clc
        adc #1
        sta length,x
        jmp fetch
set_tie:
        sta tied
        jmp fetch
set_filter:
        lda (ptr),y
        iny
        sty saved
        tay
        jsr start_filter
        ldy saved
        jmp fetch
note_off:
        lda #$fe
        sta gate,x
        bne consumed
note_on:
        clc
        adc transpose,x
        sta note,x
        lda tied
        bne consumed
        sty saved
        jsr trigger
        ldy saved
consumed:
        lda length,x
        sta left,x
        tya
        clc
        adc ptr
        sta pattern_lo,x
        lda ptr+1
        adc #0
        sta pattern_hi,x
        lda (ptr),y             ; go on to the next pattern now, so that prepare can look ahead
        cmp #end
        beq next_pattern
        rts

point:  lda pattern_lo,x
        sta ptr
        lda pattern_hi,x
        sta ptr+1
        ldy #0
        rts

next_pattern:
        lda order_lo,x
        sta ptr
        lda order_hi,x
        sta ptr+1
        lda order_at,x
jump:   tay
entry:  lda (ptr),y
        iny
        cmp #$ff
        beq again
        cmp #$80
        bcs set_transpose
        sta saved_pattern
        tya
        sta order_at,x
        ldy saved_pattern
        lda patterns_lo,y
        sta pattern_lo,x
        lda patterns_hi,y
        sta pattern_hi,x
        rts
set_transpose:
        sbc #$c0
        sta transpose,x
        jmp entry
again:  lda (ptr),y
        jmp jump

; Shortly before a new note: close the gate and, for a hard restart, bring the envelope down.
prepare:
        lda left,x
        cmp #1
        bne prepared
        jsr point
        lda (ptr),y
        cmp #tie
        beq prepared
        lda #$fe
        sta gate,x
        ldy instrument,x
        lda ins_soft,y
        bne prepared
        ldy offsets,x
        sta sid+5,y
        sta sid+6,y
prepared:
        rts

trigger:
        ldy instrument,x
        lda #$ff
        sta gate,x
        sta fresh,x
        lda #0
        sta vibrato_lo,x
        sta vibrato_hi,x
        sta vibrato_down,x
        lda ins_vibrato_period,y
        lsr
        sta vibrato_left,x      ; half a swing first, so that it swings about the note
        lda ins_vibrato_delay,y
        sta vibrato_wait,x
        lda ins_wave,y
        sta wave_at,x
        lda ins_pulse,y
        beq envelope            ; 0: the width goes on from where it was
        lsr
        lsr
        lsr
        lsr
        sta pulse_hi,x
        lda ins_pulse,y
        asl
        asl
        asl
        asl
        sta pulse_lo,x
        lda #0
        sta pulse_down,x
envelope:
        lda ins_attack_decay,y
        pha
        lda ins_sustain_release,y
        ldy offsets,x
        sta sid+6,y
        pla
        sta sid+5,y
        ldy instrument,x
        lda ins_filter,y
        beq triggered           ; 0: the filter goes on as it is
        tay
        jmp start_filter
triggered:
        rts

; ---------------------------------------------------------------- a frame of voice x

sound:  ldy wave_at,x
        lda wave_forms,y
        cmp #$ff
        bne tone
        lda wave_notes,y
        tay
        lda wave_forms,y
tone:   and gate,x
        sta control
        tya
        clc
        adc #1
        sta wave_at,x
        lda wave_notes,y
        bmi absolute
        clc
        adc note,x
absolute:
        and #$7f
        sta pitch
        tay
        lda freq_lo,y
        sta target
        lda freq_hi,y
        sta target+1
        jsr glide
        jsr vibrato
        jsr pulse
        ldy offsets,x
        lda freq_now_lo,x
        clc
        adc vibrato_lo,x
        sta sid,y
        lda freq_now_hi,x
        adc vibrato_hi,x
        sta sid+1,y
        lda pulse_lo,x
        sta sid+2,y
        lda pulse_hi,x
        sta sid+3,y
        lda control
        sta sid+4,y
        rts

glide:  lda fresh,x
        bne arrive
        ldy instrument,x
        lda ins_glide,y
        beq arrive
        jsr part_of_semitone
        lda freq_now_lo,x
        cmp target
        lda freq_now_hi,x
        sbc target+1
        bcs fall
        lda freq_now_lo,x
        adc delta
        sta freq_now_lo,x
        lda freq_now_hi,x
        adc delta+1
        sta freq_now_hi,x
        lda freq_now_lo,x
        cmp target
        lda freq_now_hi,x
        sbc target+1
        bcs arrive
        rts
fall:   lda freq_now_lo,x
        sbc delta
        sta freq_now_lo,x
        lda freq_now_hi,x
        sbc delta+1
        sta freq_now_hi,x
        lda freq_now_lo,x
        cmp target
        lda freq_now_hi,x
        sbc target+1
        bcc arrive
        rts
arrive: lda #0
        sta fresh,x
        lda target
        sta freq_now_lo,x
        lda target+1
        sta freq_now_hi,x
        rts

; delta = a semitone at pitch, halved A - 1 times
part_of_semitone:
        sta halvings
        ldy pitch
        lda freq_lo+1,y
        sec
        sbc freq_lo,y
        sta delta
        lda freq_hi+1,y
        sbc freq_hi,y
        sta delta+1
        ldy halvings
halve:  dey
        beq halved
        lsr delta+1
        ror delta
        jmp halve
halved: rts

vibrato:
        ldy instrument,x
        lda ins_vibrato,y
        beq steady
        lda vibrato_wait,x
        beq swing
        dec vibrato_wait,x
        rts
swing:  lda ins_vibrato,y
        jsr part_of_semitone
        lda vibrato_down,x
        bne lower
        lda vibrato_lo,x
        clc
        adc delta
        sta vibrato_lo,x
        lda vibrato_hi,x
        adc delta+1
        sta vibrato_hi,x
        jmp swung
lower:  lda vibrato_lo,x
        sec
        sbc delta
        sta vibrato_lo,x
        lda vibrato_hi,x
        sbc delta+1
        sta vibrato_hi,x
swung:  dec vibrato_left,x
        bne steady
        ldy instrument,x
        lda ins_vibrato_period,y
        sta vibrato_left,x
        lda vibrato_down,x
        eor #1
        sta vibrato_down,x
steady: rts

pulse:  ldy instrument,x
        lda ins_pulse_speed,y
        beq steady
        lda pulse_down,x
        bne narrow
        lda pulse_lo,x
        clc
        adc ins_pulse_speed,y
        sta pulse_lo,x
        lda pulse_hi,x
        adc #0
        sta pulse_hi,x
        cmp ins_pulse_high,y
        bcs turn_pulse
        rts
narrow: lda pulse_lo,x
        sec
        sbc ins_pulse_speed,y
        sta pulse_lo,x
        lda pulse_hi,x
        sbc #0
        sta pulse_hi,x
        cmp ins_pulse_low,y
        bcs steady
turn_pulse:
        lda pulse_down,x
        eor #1
        sta pulse_down,x
        rts

; ---------------------------------------------------------------- filter and volume

start_filter:                   ; program y
        sty program
        lda filter_route,y
        sta sid+$17
        lda filter_mode,y
        sta mode
        lda filter_start,y
        sta cutoff+1
        lda filter_speed_lo,y
        sta slope
        lda filter_speed_hi,y
        sta slope+1
        rts

sweep:  lda cutoff
        clc
        adc slope
        sta cutoff
        lda cutoff+1
        adc slope+1
        sta cutoff+1
        ldy program
        lda slope+1
        bmi falling
        lda cutoff+1
        cmp filter_high,y
        bcs turn_sweep
        bcc cut
falling:
        lda cutoff+1
        cmp filter_low,y
        bcs cut
turn_sweep:
        lda filter_bounce,y
        beq halt
        lda #0
        sec
        sbc slope
        sta slope
        lda #0
        sbc slope+1
        sta slope+1
        jmp cut
halt:   sta slope
        sta slope+1
cut:    lda cutoff
        lsr
        lsr
        lsr
        lsr
        lsr
        sta sid+$15
        lda cutoff+1
        sta sid+$16
        rts

fade:   lda fade_rate
        beq level
        dec fade_left
        bne level
        sta fade_left
        lda volume
        beq level
        dec volume
level:  lda volume
        ora mode
        sta sid+$18
        rts

; ---------------------------------------------------------------- data

offsets:
        .byte 0, 7, 14

state:
tick:           .byte 0
parity:         .byte 0
speed:          .fill 2
early:          .byte 0
volume:         .byte 0
mode:           .byte 0
fade_rate:      .byte 0
fade_left:      .byte 0
program:        .byte 0
cutoff:         .word 0
slope:          .word 0
tied:           .byte 0
saved:          .byte 0
saved_pattern:  .byte 0
control:        .byte 0
pitch:          .byte 0
halvings:       .byte 0
target:         .word 0
order_lo:       .fill 3
order_hi:       .fill 3
order_at:       .fill 3
pattern_lo:     .fill 3
pattern_hi:     .fill 3
transpose:      .fill 3
length:         .fill 3
left:           .fill 3
instrument:     .fill 3
note:           .fill 3
gate:           .fill 3
fresh:          .fill 3
wave_at:        .fill 3
freq_now_lo:    .fill 3
freq_now_hi:    .fill 3
vibrato_lo:     .fill 3
vibrato_hi:     .fill 3
vibrato_down:   .fill 3
vibrato_left:   .fill 3
vibrato_wait:   .fill 3
pulse_lo:       .fill 3
pulse_hi:       .fill 3
pulse_down:     .fill 3
state_end:
