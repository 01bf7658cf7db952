; The KERNAL's interrupt entries, at their addresses, in code of our own. Every tune has them.

* = $ea31                   ; the IRQ handler: clock, keyboard, acknowledge
        jsr $ffea
        jmp $ea61

* = $ea61
        jmp $ea7b

* = $ea7b
        jsr $ff9f

* = $ea7e
        lda $dc0d

* = $ea81
        pla
        tay
        pla
        tax
        pla
        rti

* = $f6ed                   ; STOP
        lda $91
        cmp #$7f
        rts

* = $fe43                   ; NMI
        sei
        jmp ($0318)

* = $fe47                   ; the NMI handler: acknowledge, and allow only what RS-232 uses
        pha
        txa
        pha
        tya
        pha
        lda #$7f
        sta $dd0d
        lda $dd0d
        jmp $feb6

* = $fe72
        jmp $feb6

* = $feb6
        lda $02a1
        sta $dd0d

* = $febc
        pla
        tay
        pla
        tax
        pla
        rti

* = $ff48                   ; IRQ and BRK
        pha
        txa
        pha
        tya
        pha
        tsx
        lda #$10
        and $0104,x
        bne break
        jmp ($0314)
break:  jmp ($0316)

* = $fffa                   ; NMI, reset, IRQ
        .word $fe43, $fce2, $ff48
