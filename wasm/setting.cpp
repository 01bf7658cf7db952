#include "setting.h"

namespace c64 {

namespace {

std::string quoted(const std::string& text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        if (static_cast<unsigned char>(c) >= 0x20) json += c;
    }
    return json + '"';
}

std::string field(const char* name, const std::string& json) { return '"' + std::string(name) + "\":" + json; }
std::string field(const char* name, unsigned value) { return field(name, std::to_string(value)); }

const char* clockName(Clock clock) {
    constexpr std::array names{"unknown", "PAL", "NTSC", "any"};
    return names[static_cast<std::size_t>(clock)];
}

const char* callerOf(const Tune& tune, unsigned song) {
    if (tune.callsItself()) return "own";
    return tune.ciaTimed(song) ? "cia" : "frame";
}

std::string sidsJson(const Tune& tune, const Setting& setting) {
    std::string list;
    for (std::size_t i = 0; i < setting.sids.size(); ++i) {
        const SidSpec& sid = setting.sids[i];
        list += (list.empty() ? "{" : ",{") + field("address", sid.address) + ',' +
                field("chip", static_cast<unsigned>(sid.model)) + ',' +
                field("headerChip", static_cast<unsigned>(tune.sids[i].model)) + '}';
    }
    return '[' + list + ']';
}

}  // namespace

Setting settingFor(const Tune& tune, const Overrides& overrides) {
    const bool overridden = overrides.clock == Clock::Pal || overrides.clock == Clock::Ntsc;
    Setting setting{(overridden ? overrides.clock : tune.clock) == Clock::Ntsc, tune.sids};
    for (std::size_t i = 0; i < setting.sids.size(); ++i) {
        ChipModel& model = setting.sids[i].model;
        if (overrides.models[i] != ChipModel::Unknown) model = overrides.models[i];
        if (model == ChipModel::Unknown) model = ChipModel::Mos6581;
    }
    return setting;
}

std::string describe(const Tune& tune, const Setting& setting, unsigned song) {
    return '{' + field("format", quoted(!tune.mus.empty() ? "MUS" : tune.isRsid ? "RSID" : "PSID")) + ',' + field("version", tune.version) + ',' +
           field("title", quoted(tune.title)) + ',' + field("author", quoted(tune.author)) + ',' +
           field("released", quoted(tune.released)) + ',' + field("songs", tune.songs) + ',' +
           field("startSong", tune.startSong) + ',' + field("song", song) + ',' +
           field("clock", quoted(setting.ntsc ? "NTSC" : "PAL")) + ',' +
           field("headerClock", quoted(clockName(tune.clock))) + ',' +
           field("chip", static_cast<unsigned>(setting.sids[0].model)) + ',' +
           field("chips", static_cast<unsigned>(setting.sids.size())) + ',' +
           field("sids", sidsJson(tune, setting)) + ',' + field("speed", quoted(callerOf(tune, song))) + ',' +
           field("loadAddress", tune.loadAddress) + ',' + field("initAddress", tune.initAddress) + ',' +
           field("playAddress", tune.playAddress) + '}';
}

std::string describe(const Tune& tune, const std::string& problem) {
    const std::string description = tune.version ? describe(tune, settingFor(tune, {}), tune.startSong) : "null";
    return '{' + field("problem", quoted(problem)) + ',' + field("tune", description) + '}';
}

}  // namespace c64
