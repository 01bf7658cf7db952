; What RSID tunes call of the KERNAL, at the addresses of the original, in code of our own. Whatever isn't here returns.
; There is no keyboard, no screen, and no drive.

; --- the processor waits for a command: interrupts go on

* = $a474                   ; READY
        cli
ready:  jmp ready

* = $a7ae                   ; next BASIC statement
        jmp $a474

* = $e37b                   ; warm start
        jmp $a474

* = $e386
        jmp $a474

* = $e394                   ; cold start
        jmp $a474

* = $e5ca                   ; input from the screen
        jmp $a474

* = $fce2                   ; reset
        jmp $a474

* = $fe66                   ; BRK
        jmp $a474

* = $a000                   ; cold and warm start
        .word $e394, $e37b

; --- screen editor and keyboard

* = $e453                   ; BASIC's vectors
        rts

* = $e500                   ; IOBASE
        ldx #$00
        ldy #$dc
        rts

* = $e505                   ; SCREEN
        ldx #40
        ldy #25
        rts

* = $e50a                   ; PLOT
        bcs get
        stx $d6
        sty $d3
get:    ldx $d6
        ldy $d3
        rts

* = $e518                   ; initialize the screen
        jsr $e5a0
        lda #$0e
        sta $0286
        lda #$04
        sta $0288
        lda #$0c
        sta $cc
        rts

* = $e5a0                   ; standard channels and VIC registers
        ldx #3
        stx $9a
        lda #0
        sta $99
        jmp $ecb9

* = $e5b4                   ; take the first key from the buffer
        ldx #$f7
        ldy $0277
next:   lda $0278-$f7,x
        sta $0277-$f7,x
        inx
        bne next
        dec $c6
        tya
        cli
        clc
        rts

* = $ea87                   ; SCNKEY: no key is pressed
        lda #0
        sta $028d
        lda #$40
        sta $cb
        sta $c5
        ldx #$ff
        tay
        lda #$7f
        sta $dc00
        rts

* = $ecb9                   ; a table in the original; here the VIC's registers are set
        lda #$9b
        sta $d011
        lda #$37
        sta $d012
        lda #$0f
        sta $d019
        lda #$08
        sta $d016
        lda #$14
        sta $d018
        lda #0
        sta $d01a
        sta $d015
        sta $d017
        rts

; --- channels

* = $f13e                   ; GETIN
        lda $c6
        beq none
        sei
        jmp $e5b4
none:   clc
        rts

* = $f157                   ; CHRIN: an empty line
        lda #13
        clc
        rts

* = $f1ca                   ; CHROUT
        clc
        rts

* = $f20e                   ; CHKIN
        clc
        rts

* = $f250                   ; CHKOUT
        clc
        rts

* = $f291                   ; CLOSE
        clc
        rts

* = $f32f                   ; CLALL
        lda #0
        sta $98

* = $f333                   ; CLRCHN
        ldx #3
        stx $9a
        lda #0
        sta $99
        rts

* = $f34a                   ; OPEN
        clc
        rts

* = $f4a5                   ; LOAD halts: the tune needs its drive
        .byte $02

; --- clock

* = $f69b                   ; UDTIM: a day has $4f1a01 jiffies
        inc $a2
        bne day
        inc $a1
        bne day
        inc $a0
day:    lda $a2
        cmp #$01
        lda $a1
        sbc #$1a
        lda $a0
        sbc #$4f
        bcc today
        lda #0
        sta $a0
        sta $a1
        sta $a2
today:  nop

* = $f6bc                   ; the STOP key isn't pressed
        lda #$ff
        sta $91
        rts

* = $f6dd                   ; RDTIM
        ldy $a0
        ldx $a1
        lda $a2
        sei

* = $f6e4                   ; SETTIM
        sty $a0
        stx $a1
        sta $a2
        cli
        rts

; --- initialization

* = $fd15                   ; default vectors
        ldx #$30
        ldy #$fd
        clc

* = $fd1a                   ; VECTOR
        stx $c3
        sty $c4
        ldy #$1f
next:   lda ($c3),y
        bcc set
        lda $0314,y
set:    sta ($c3),y
        sta $0314,y
        dey
        bpl next
        rts

* = $fd30                   ; IRQ, BRK, NMI, and the channels' routines
        .word $ea31, $ea81, $fe47, $f34a, $f291, $f20e, $f250, $f333
        .word $f157, $f1ca, $f6ed, $f13e, $f32f, $fe66, $f4a5, $f5ed

* = $fd50                   ; RAMTAS
        lda #0
        tay
next:   sta $0002,y
        sta $0200,y
        sta $0300,y
        iny
        bne next
        ldx #$3c
        ldy #$03
        stx $b2
        sty $b3
        ldx #$08
        stx $0282
        ldy #$a0
        sty $0284
        lda #$04
        sta $0288
        rts

* = $fda3                   ; IOINIT: CIAs, volume, port
        lda #$7f
        sta $dc0d
        sta $dd0d
        sta $dc00
        lda #$08
        sta $dc0e
        sta $dd0e
        sta $dc0f
        sta $dd0f
        ldx #$00
        stx $dc03
        stx $dd03
        stx $d418
        dex
        stx $dc02
        lda #$07
        sta $dd00
        lda #$3f
        sta $dd02
        lda #$e7
        sta $01
        lda #$2f
        sta $00

* = $fddd                   ; timer A as for this video standard
        ldx #$95
        ldy #$42
        lda $02a6
        beq set
        ldx #$25
        ldy #$40
set:    stx $dc04
        sty $dc05
        jmp $ff6e

* = $ff6e                   ; start timer A
        lda #$81
        sta $dc0d
        lda $dc0e
        and #$80
        ora #$11
        sta $dc0e
        rts

* = $ff5b                   ; CINT
        jsr $e518
        jmp $fddd

; --- parameters

* = $fdf9                   ; SETNAM
        sta $b7
        stx $bb
        sty $bc
        rts

* = $fe00                   ; SETLFS
        sta $b8
        stx $ba
        sty $b9
        rts

* = $fe07                   ; READST
        lda $90
        rts

* = $fe18                   ; SETMSG
        sta $9d
        lda $90
        rts

* = $fe21                   ; SETTMO
        sta $0285
        rts

* = $fe25                   ; MEMTOP
        bcc set
        ldx $0283
        ldy $0284
set:    stx $0283
        sty $0284
        rts

* = $fe34                   ; MEMBOT
        bcc set
        ldx $0281
        ldy $0282
set:    stx $0281
        sty $0282
        rts

* = $ff43                   ; the IRQ handler as a subroutine
        php
        pla
        and #$ef
        pha

; --- the jump table

* = $ff81
        jmp $ff5b           ; CINT
        jmp $fda3           ; IOINIT
        jmp $fd50           ; RAMTAS
        jmp $fd15           ; default vectors
        jmp $fd1a           ; VECTOR
        jmp $fe18           ; SETMSG
        jmp $edb9           ; SECOND
        jmp $edc7           ; TKSA
        jmp $fe25           ; MEMTOP
        jmp $fe34           ; MEMBOT
        jmp $ea87           ; SCNKEY
        jmp $fe21           ; SETTMO
        jmp $ee13           ; ACPTR
        jmp $eddd           ; CIOUT
        jmp $edef           ; UNTLK
        jmp $edfe           ; UNLSN
        jmp $ed0c           ; LISTEN
        jmp $ed09           ; TALK
        jmp $fe07           ; READST
        jmp $fe00           ; SETLFS
        jmp $fdf9           ; SETNAM
        jmp ($031a)         ; OPEN
        jmp ($031c)         ; CLOSE
        jmp ($031e)         ; CHKIN
        jmp ($0320)         ; CHKOUT
        jmp ($0322)         ; CLRCHN
        jmp ($0324)         ; CHRIN
        jmp ($0326)         ; CHROUT
        .byte $02, $02, $02 ; LOAD: halts
        clc                 ; SAVE
        rts
        nop
        jmp $f6e4           ; SETTIM
        jmp $f6dd           ; RDTIM
        jmp ($0328)         ; STOP
        jmp ($032a)         ; GETIN
        jmp ($032c)         ; CLALL
        jmp $f69b           ; UDTIM
        jmp $e505           ; SCREEN
        jmp $e50a           ; PLOT
        jmp $e500           ; IOBASE
