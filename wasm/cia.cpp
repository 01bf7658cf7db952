#include "cia.h"

#include <algorithm>

namespace c64 {

namespace {

enum Register : uint8_t {
    PortA, PortB, DirectionA, DirectionB, LatchA, LatchAHigh, LatchB, LatchBHigh, Tenths, Seconds, Minutes, Hours,
    SerialData, InterruptControl, ControlA, ControlB
};

constexpr uint8_t serialOutput = 0x40, mainsAt50Hz = 0x80;                      // in ControlA
constexpr uint8_t countsPulses = 0x20, countsUnderflows = 0x40, setsAlarm = 0x80;  // in ControlB; the first in both
constexpr uint8_t outputOfA = 0x40, outputOfB = 0x80;                           // in PortB

}  // namespace

void Cia::reset(Cycle mainsPeriod, Cycle now) {
    *this = Cia();
    mainsPeriod_ = mainsPeriod;
    nextTick_ = now + mainsPeriod;
    now_ = now;
}

void Cia::update(Cycle now) {
    while (now_ < now) {
        if (const uint64_t quiet = std::min<uint64_t>(quietCycles(), now - now_)) {
            skip(quiet);
        } else {
            clock();
        }
    }
}

// How many cycles can be skipped: in the one after them, something may happen.
uint64_t Cia::quietCycles() const {
    const Cycle next = std::min({interrupt_.nextEvent(), nextTick_, serial_.doneAt()});
    return std::min({next - now_ - 1, a_.quietCycles(), b_.quietCycles()});
}

void Cia::skip(uint64_t cycles) {
    a_.skip(cycles);
    b_.skip(cycles);
    now_ += cycles;
}

// Timer B counts an underflow of A in the next cycle.
void Cia::clock() {
    ++now_;
    interrupt_.clock(now_);
    if (now_ == nextTick_) tickClock();
    if (serial_.done(now_)) interrupt_.happen(CiaInterrupt::Serial, now_);
    const bool outA = a_.clock();
    if (b_.clock()) interrupt_.happen(CiaInterrupt::TimerB, now_);
    if (outA) underflowA();
}

void Cia::underflowA() {
    interrupt_.happen(CiaInterrupt::TimerA, now_);
    if (registers_[ControlA] & serialOutput) serial_.shift(now_);
    if (bCountsA() && b_.running()) b_.pulse();
}

void Cia::tickClock() {
    nextTick_ += mainsPeriod_;
    if (!clock_.running()) return;
    const unsigned ticksPerTenth = registers_[ControlA] & mainsAt50Hz ? 5 : 6;
    if (clock_.tick(ticksPerTenth)) interrupt_.happen(CiaInterrupt::Alarm, now_);
}

Cycle Cia::nextEvent() const {
    Cycle next = interrupt_.nextEvent();
    uint8_t chain = CiaInterrupt::TimerA;  // what an underflow of A can lead to
    if (bCountsA()) chain |= CiaInterrupt::TimerB;
    if (serial_.busy()) chain |= CiaInterrupt::Serial;
    if (interrupt_.waitsFor(chain)) next = std::min(next, now_ + 1 + a_.quietCycles());
    if (interrupt_.waitsFor(CiaInterrupt::TimerB)) next = std::min(next, now_ + 1 + b_.quietCycles());
    if (interrupt_.waitsFor(CiaInterrupt::Alarm)) next = std::min(next, nextTick_);
    if (interrupt_.waitsFor(CiaInterrupt::Serial)) next = std::min(next, serial_.doneAt());
    return next;
}

// Timers can put their underflows on two lines of port B.
uint8_t Cia::timersOnPort(uint8_t value) const {
    if (a_.drivesPort()) value = a_.portLevel() ? value | outputOfA : value & ~outputOfA;
    if (b_.drivesPort()) value = b_.portLevel() ? value | outputOfB : value & ~outputOfB;
    return value;
}

// The lines of the ports that aren't outputs are pulled up.
uint8_t Cia::read(uint8_t reg, Cycle now) {
    update(now);
    switch (reg) {
        case PortA: return registers_[PortA] | ~registers_[DirectionA];
        case PortB: return timersOnPort(registers_[PortB] | ~registers_[DirectionB]);
        case LatchA: return a_.counter() & 0xff;
        case LatchAHigh: return a_.counter() >> 8;
        case LatchB: return b_.counter() & 0xff;
        case LatchBHigh: return b_.counter() >> 8;
        case Tenths: case Seconds: case Minutes: case Hours: return clock_.read(reg - Tenths);
        case InterruptControl: return interrupt_.read(now);
        case ControlA: return a_.control();
        case ControlB: return b_.control();
        default: return registers_[reg];
    }
}

void Cia::write(uint8_t reg, uint8_t value, Cycle now) {
    update(now);
    switch (reg) {
        case LatchA: case LatchAHigh: a_.writeLatch(reg == LatchAHigh, value); break;
        case LatchB: case LatchBHigh: b_.writeLatch(reg == LatchBHigh, value); break;
        case Tenths: case Seconds: case Minutes: case Hours:
            if (clock_.write(reg - Tenths, value, registers_[ControlB] & setsAlarm)) {
                interrupt_.happen(CiaInterrupt::Alarm, now);
            }
            break;
        case SerialData: serial_.load(); break;
        case InterruptControl: interrupt_.writeMask(value, now); break;
        case ControlA: writeControlA(value); break;
        case ControlB: writeControlB(value); break;
        default: break;
    }
    registers_[reg] = value;
}

void Cia::writeControlA(uint8_t value) {
    if ((value ^ registers_[ControlA]) & serialOutput) serial_.switchDirection();
    a_.writeControl(value, !(value & countsPulses));
}

// CNT never has a pulse, so a timer that counts it stands still, and one that counts A while CNT is high counts A.
void Cia::writeControlB(uint8_t value) {
    b_.writeControl(value, !(value & (countsPulses | countsUnderflows)));
}

}  // namespace c64
