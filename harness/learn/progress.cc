// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/progress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/run/folders.h"

namespace driftcage::learn {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

Json to_json(const Attempt& attempt) {
  return {{"started", attempt.started},   {"seconds", attempt.seconds},
          {"image", attempt.image},       {"exam", attempt.exam},
          {"solved", attempt.solved},     {"explained", attempt.explained},
          {"gave_up", attempt.gave_up},   {"way", attempt.way},
          {"checks", attempt.checks},     {"hints", attempt.hints},
          {"resets", attempt.resets},     {"decoys", attempt.decoys},
          {"verdicts", attempt.verdicts}, {"answer", attempt.answer}};
}

// Throws nlohmann's exceptions on wrong types.
Attempt from_json(const Json& json) {
  Attempt attempt;
  attempt.started = json.at("started");
  attempt.seconds = json.value("seconds", std::uint64_t{0});
  attempt.image = json.value("image", "");
  attempt.exam = json.value("exam", false);
  attempt.solved = json.value("solved", false);
  attempt.explained = json.value("explained", false);
  attempt.gave_up = json.value("gave_up", false);
  attempt.way = json.value("way", "");
  attempt.checks = json.value("checks", 0u);
  attempt.hints = json.value("hints", 0u);
  attempt.resets = json.value("resets", 0u);
  attempt.decoys = json.value("decoys", std::vector<std::string>{});
  attempt.verdicts = json.value("verdicts", std::vector<std::string>{});
  attempt.answer = json.value("answer", "");
  return attempt;
}

Json whole(const Attempts& attempts) {
  Json lessons = Json::object();
  for (const auto& [id, list] : attempts) {
    Json items = Json::array();
    for (const Attempt& attempt : list) items.push_back(to_json(attempt));
    lessons[id] = {{"state", state_name(state_of(list))}, {"attempts", items}};
  }
  return {{"schema", kSchema}, {"lessons", lessons}};
}

// RFC 4180. A cell that a spreadsheet would take for a formula gets a quote.
std::string cell(std::string text) {
  if (!text.empty() && std::string("=+-@").find(text[0]) != std::string::npos) {
    text.insert(0, "'");
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::Ready:
      return "ready";
    case State::Open:
      return "open";
    case State::Solved:
      return "solved";
    case State::Explained:
      return "explained";
  }
  return "";
}

State state_of(const std::vector<Attempt>& attempts) {
  State best = State::Ready;
  for (const Attempt& attempt : attempts) {
    State one = State::Open;
    if (attempt.solved) {
      one = attempt.explained ? State::Explained : State::Solved;
    }
    best = std::max(best, one);
  }
  return best;
}

base::Result<Progress> Progress::load(const std::string& folder) {
  Progress progress(folder);
  DRIFTCAGE_CHECK_OK(progress.read());
  return progress;
}

base::Status Progress::read() {
  attempts_.clear();
  const auto text = base::sys::read_file(file());
  if (!text && text.error().err == ENOENT) return {};
  if (!text) return tl::make_unexpected(text.error());
  try {
    const Json json = Json::parse(*text);
    if (json.at("schema") != kSchema) {
      return base::fail("read progress", file(), 0,
                        "another version of driftcage wrote it");
    }
    for (const auto& [id, lesson] : json.at("lessons").items()) {
      for (const Json& item : lesson.at("attempts")) {
        attempts_[id].push_back(from_json(item));
      }
    }
  } catch (const Json::exception& error) {
    return base::fail(
        "read progress", file(), 0,
        std::string("it is damaged, move it away: ") + error.what());
  }
  return {};
}

State Progress::state(const std::string& id) const {
  const auto found = attempts_.find(id);
  return found == attempts_.end() ? State::Ready : state_of(found->second);
}

base::Status Progress::keep(const std::string& id, const Attempt& attempt) {
  const base::UniqueFd lock =
      DRIFTCAGE_TRY(run::lock_file(folder_ + "/learn.lock"));
  DRIFTCAGE_CHECK_OK(read());
  std::vector<Attempt>& list = attempts_[id];
  const auto same = std::find_if(
      list.begin(), list.end(),
      [&](const Attempt& one) { return one.started == attempt.started; });
  if (same == list.end()) {
    list.push_back(attempt);
  } else {
    *same = attempt;
  }
  return base::sys::replace_file(
      file(),
      whole(attempts_).dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
}

std::string progress_csv(const Attempts& attempts) {
  std::string text =
      "lesson,started,seconds,image,exam,solved,way,gave_up,checks,hints,"
      "resets,decoys,answer\n";
  const auto yes = [](bool value) { return value ? "yes" : "no"; };
  for (const auto& [id, list] : attempts) {
    for (const Attempt& one : list) {
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", cell(id),
                          cell(one.started), one.seconds, cell(one.image),
                          yes(one.exam), yes(one.solved), cell(one.way),
                          yes(one.gave_up), one.checks, one.hints, one.resets,
                          cell(fmt::format("{}", fmt::join(one.decoys, " "))),
                          cell(one.answer));
    }
  }
  return text;
}

std::string progress_json(const Attempts& attempts) {
  return whole(attempts).dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace driftcage::learn
