// SPDX-License-Identifier: Apache-2.0
#include "harness/report/event_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/path.h"
#include "harness/base/result.h"
#include "harness/match/line_test.h"
#include "harness/match/load_route.h"
#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

using model::Cause;
using model::Verb;
using Json = nlohmann::ordered_json;

bool is_derived(const model::Event& event) {
  return match::is_derived(event.verb);
}

// Bytes of a path as a glob that matches only them.
std::string as_glob(std::string_view bytes) {
  std::string out;
  for (const char c : printable(bytes)) {
    constexpr std::string_view kSpecial = "*?[]{}$";
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string subject_of(const model::Event& event, const Shortener& shortener) {
  const std::string& path =
      is_derived(event) || event.abs.empty() ? event.path : event.abs;
  // fork, getcwd: no path at all.
  if (path.empty()) return "*";
  const auto [variable, rest] = shortener.split(path);
  std::string subject(variable);
  subject += as_glob(rest);
  const bool quote = subject.find(' ') != std::string::npos ||
                     subject.front() == '"' || subject == "=";
  if (!quote) return subject;
  std::string quoted = "\"";
  for (const char c : subject) {
    if (c == '"') {
      quoted += "\\x22";
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// A cause is more telling than the errno for those that event lines know.
std::string result_of(const model::Event& event) {
  if (event.ok()) return "ok";
  const bool plain = is_derived(event) && event.err == ENOENT;
  switch (event.cause) {
    case Cause::NoLoader:
    case Cause::NoInterpreter:
    case Cause::Noexec:
    case Cause::Dangling:
    case Cause::NotElf:
    case Cause::WrongArch:
    case Cause::NoSearchPermission:
      return std::string(model::cause_name(event.cause));
    // Of a call its errno says as much.
    case Cause::NoExecute:
    case Cause::NoPermission:
      return is_derived(event) ? std::string(model::cause_name(event.cause))
                               : base::errno_name(event.err);
    default:
      return plain ? "none" : base::errno_name(event.err);
  }
}

std::string phrase(Cause cause, const std::string& at) {
  switch (cause) {
    case Cause::None:
    case Cause::Missing:
      return {};
    case Cause::MissingDirectory:
      return at + " is missing";
    case Cause::Dangling:
      return "link to " + at + ", which is missing";
    case Cause::NotDirectory:
      return at + " is no directory";
    case Cause::NoSearchPermission:
      return "no permission to search " + at;
    case Cause::NoPermission:
      return "no permission on " + at;
    case Cause::NoExecute:
      return at + " has no execute bit";
    case Cause::Noexec:
      return at + " is on a noexec mount";
    case Cause::NoLoader:
      return "the file is there, its ELF interpreter " + at + " is missing";
    case Cause::NoInterpreter:
      return "the file is there, its #! interpreter " + at + " is missing";
    case Cause::NotElf:
      return at + " is neither ELF nor #!";
    case Cause::WrongArch:
      return at + " is for another machine";
    case Cause::TextBusy:
      return at + " is being written or executed";
    case Cause::ReadOnly:
      return at + " is on a read-only file system";
    case Cause::Full:
      return "the file system of " + at + " is full";
    case Cause::Limit:
      return "resource limit " + at;
    case Cause::Loop:
      return "too many links at " + at;
    case Cause::NameTooLong:
      return "name too long: " + at;
    case Cause::Immutable:
      return at + " is marked immutable or append-only";
    case Cause::NotOwner:
      return "only the owner of " + at + " may";
    case Cause::Nodev:
      return "devices of " + at + " are switched off (nodev)";
    case Cause::Injected:
      return "answered by driftcage";
  }
  return {};
}

std::string path_text(std::string_view path, const Shortener& shortener) {
  const auto [variable, rest] = shortener.split(path);
  return std::string(variable) + printable(rest);
}

struct Place {
  std::string directory;
  std::string rule;  // empty: not known, or there are none
  auto operator<=>(const Place&) const = default;
};

// The places of a search, each once.
std::vector<Place> places_of(const model::Event& event) {
  std::vector<std::string> directories = base::path::split_list(event.cause_at);
  std::vector<std::string> rules = base::path::split_list(event.origins);
  // A lookup has none; or something had a colon in its name.
  if (event.origins.empty() || rules.size() != directories.size())
    rules.assign(directories.size(), {});
  std::vector<Place> places;
  for (std::size_t i = 0; i < directories.size(); ++i) {
    Place place{std::move(directories[i]), std::move(rules[i])};
    if (std::find(places.begin(), places.end(), place) == places.end())
      places.push_back(std::move(place));
  }
  return places;
}

// What the loader makes of another of these places for the processor at hand.
bool is_variant(const Place& place, const std::set<Place>& all) {
  Place base = place;
  while (match::is_capability(base::path::base_name(base.directory))) {
    base.directory = base::path::dir_name(base.directory);
    if (all.contains(base)) return true;
  }
  return false;
}

std::string places_text(const model::Event& event, const Shortener& shortener) {
  constexpr std::size_t kShown = 6;
  std::vector<Place> places = places_of(event);
  if (event.verb == Verb::Load) {
    const std::set<Place> all(places.begin(), places.end());
    std::erase_if(places,
                  [&](const Place& place) { return is_variant(place, all); });
  }
  std::string text = "tried ";
  for (std::size_t i = 0; i < places.size() && i < kShown; ++i) {
    if (i > 0) text += ", ";
    text += path_text(places[i].directory, shortener);
    if (!places[i].rule.empty()) text += " by " + places[i].rule;
  }
  if (places.size() > kShown) {
    text += fmt::format(" and {} more", places.size() - kShown);
  }
  return text;
}

// Which file was refused, and why, comes before where else it was looked for.
std::string search_text(const model::Event& event, const Shortener& shortener) {
  std::string text;
  if (event.verb == Verb::Load)
    text = shortener.text(printable(event.cause_note));
  if (event.cause_at.empty()) return text;
  if (!text.empty()) text += "; ";
  return text + places_text(event, shortener);
}

Json strings(const std::vector<std::string>& list) {
  Json array = Json::array();
  for (const std::string& text : list) array.push_back(printable(text));
  return array;
}

void put_exec(Json& json, const model::ExecDetail& exec) {
  json["argv"] = strings(exec.argv);
  json["env"] = strings(exec.environment);
  json["env_complete"] = exec.environment_complete;
  if (!exec.exe.empty()) json["exe"] = printable(exec.exe);
  if (!exec.interpreters.empty())
    json["interpreters"] = strings(exec.interpreters);
}

}  // namespace

std::string event_line(const model::Event& event) {
  return event_line(event, {});
}

std::string event_line(const model::Event& event, const Shortener& shortener) {
  return fmt::format("{} {} = {}", model::verb_name(event.verb),
                     subject_of(event, shortener), result_of(event));
}

std::string cause_text(const model::Event& event, const Shortener& shortener) {
  if (event.ok()) return {};
  if (is_derived(event)) return search_text(event, shortener);
  const std::string& path = event.abs.empty() ? event.path : event.abs;
  return phrase(
      event.cause,
      path_text(event.cause_at.empty() ? path : event.cause_at, shortener));
}

std::string event_json(const model::Event& event, const std::string& program,
                       std::int32_t pid, std::string_view stage) {
  Json json;
  json["v"] = kTraceVersion;
  json["type"] = "event";
  json["seq"] = event.seq;
  json["time_ns"] = event.enter_ns;
  json["duration_ns"] =
      event.exit_ns > event.enter_ns ? event.exit_ns - event.enter_ns : 0;
  json["pid"] = pid;
  json["tid"] = event.tid;
  json["process"] = event.process;
  json["generation"] = event.generation;
  json["program"] = printable(program);
  if (!stage.empty()) json["stage"] = stage;
  json["verb"] = model::verb_name(event.verb);
  json["call"] = model::syscall_name(event.syscall);
  json["abi"] = model::abi_name(event.abi);
  json["path"] = printable(event.path);
  json["abs"] = printable(event.abs);
  if (!event.real.empty()) json["real"] = printable(event.real);
  json["result"] = event.result;
  json["errno"] = event.ok() ? Json() : Json(base::errno_name(event.err));
  json["cause"] = event.cause == Cause::None
                      ? Json()
                      : Json(model::cause_name(event.cause));
  if (is_derived(event)) {
    json["directories"] = event.cause_at.empty()
                              ? Json::array()
                              : strings(base::path::split_list(event.cause_at));
    if (!event.origins.empty())
      json["origins"] = strings(base::path::split_list(event.origins));
  } else if (!event.cause_at.empty()) {
    json["cause_at"] = printable(event.cause_at);
  }
  if (!event.cause_note.empty())
    json["cause_note"] = printable(event.cause_note);
  if (event.file) {
    json["file"]["device"] = device_text(event.file->device);
    json["file"]["inode"] = event.file->inode;
    json["file"]["deleted"] = event.file->deleted;
  }
  if (event.elf) {
    if (!event.elf->rpath.empty()) json["rpath"] = printable(event.elf->rpath);
    if (!event.elf->runpath.empty())
      json["runpath"] = printable(event.elf->runpath);
  }
  if (event.dirfd != AT_FDCWD) json["dirfd"] = event.dirfd;
  if (event.flags != 0) json["flags"] = event.flags;
  if (event.mode != 0) json["mode"] = event.mode;
  if (event.exec) put_exec(json, *event.exec);
  return json.dump();
}

std::string device_text(std::uint64_t device) {
  return fmt::format("{}:{}", major(device), minor(device));
}

}  // namespace driftcage::report
