// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/strace_log.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "harness/base/path.h"

namespace driftcage::mine {
namespace {

struct Call {
  std::string name;
  std::string arguments;
  std::string err;  // "ENOENT"; empty for success
  std::vector<std::string> strings;
};

// The quoted strings of an argument list, escapes of C undone as far as paths
// need it.
std::vector<std::string> strings_of(const std::string& text) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    std::string value;
    for (++i; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) {
        ++i;
        value += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
      } else {
        value += text[i];
      }
    }
    strings.push_back(std::move(value));
  }
  return strings;
}

class Reader {
 public:
  std::optional<Call> add(const std::string& line) {
    static const RE2 kLine(R"((?:\[pid +(\d+)\] |(\d+) +)?(?:[\d:.]+ +)?(.*))");
    static const RE2 kUnfinished(R"((.*) <unfinished \.\.\.>\s*)");
    static const RE2 kResumed(R"(<\.\.\. \w+ resumed>(.*))");
    std::string pid;
    std::string bare;
    std::string rest;
    if (!RE2::FullMatch(line, kLine, &pid, &bare, &rest)) return std::nullopt;
    if (pid.empty()) pid = bare;
    std::string part;
    if (RE2::FullMatch(rest, kUnfinished, &part)) {
      begun_[pid] = part;
      return std::nullopt;
    }
    if (RE2::FullMatch(rest, kResumed, &part)) {
      const auto begun = begun_.find(pid);
      if (begun == begun_.end()) return std::nullopt;
      rest = begun->second + part;
      begun_.erase(begun);
    }
    return parse(rest);
  }

 private:
  static std::optional<Call> parse(const std::string& text) {
    static const RE2 kCall(R"((\w+)\((.*)\) += (-?\w+)(?: (E[A-Z0-9]+))?.*)");
    Call call;
    std::string result;
    if (!RE2::FullMatch(text, kCall, &call.name, &call.arguments, &result,
                        &call.err)) {
      return std::nullopt;
    }
    call.strings = strings_of(call.arguments);
    return call;
  }

  std::map<std::string, std::string> begun_;  // by process id
};

// Files that only the reporter's machine has, or that every program asks for.
bool is_private(const std::string& path) {
  if (!path.starts_with('/')) return true;
  for (const char* place : {"/home", "/root", "/tmp", "/proc", "/sys"}) {
    if (base::path::is_below(path, place)) return true;
  }
  for (const char* word : {"locale", "ld.so", "glibc-hwcaps", "gconv"}) {
    if (path.find(word) != std::string::npos) return true;
  }
  return false;
}

using Effects = std::vector<scenario::GivenEffect>;

// What could make this call fail in a healthy image; empty: nothing known.
Effects effects_for(const Call& call) {
  const std::string path = call.strings.empty() ? "" : call.strings[0];
  if (call.err == "EMFILE") return {{"limit-nofile", "16"}};
  if (call.err == "ENOSPC") return {{"mount", "$TMP:size=64KiB"}};
  if (call.err == "EAGAIN" && call.name.starts_with("clone")) {
    return {{"limit-nproc", "2"}, {"user", "1000"}};
  }
  if ((call.err == "ENOSYS" || call.err == "EPERM") && path.empty()) {
    return {{"inject", call.name + ":" + call.err}};
  }
  if (is_private(path)) return {};
  if (call.err == "ENOENT") return {{"hide", path}};
  if (call.err == "EROFS") {
    return {{"mount", std::string(base::path::dir_name(path)) + ":ro"}};
  }
  if (call.err == "EACCES") {
    // The x bits are gone for everybody; other modes do not stop root.
    if (call.name.starts_with("exec")) return {{"chmod", path + ":0644"}};
    return {{"chmod", path + ":0000"}, {"user", "nobody"}};
  }
  return {};
}

bool is_search(const Call& call) {
  return call.err == "ENOENT" && !call.strings.empty() &&
         call.strings[0].find("/bin/") != std::string::npos &&
         (call.name.find("stat") != std::string::npos ||
          call.name.starts_with("access") || call.name.starts_with("faccess") ||
          call.name.starts_with("exec"));
}

}  // namespace

StraceLog read_strace_log(const std::string& text) {
  StraceLog log;
  Reader reader;
  std::vector<Call> calls;
  std::string said;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    auto call = reader.add(text.substr(at, end - at));
    at = end + 1;
    if (!call) continue;
    ++log.calls;
    if (call->name == "write" && call->arguments.starts_with("2,") &&
        !call->strings.empty()) {
      said += call->strings[0];
    }
    if (log.command.empty() && call->name == "execve" && call->err.empty()) {
      // The path, then the argument vector.
      const std::size_t close = call->arguments.find(']');
      log.command = strings_of(call->arguments.substr(0, close));
      if (log.command.size() > 1) log.command.erase(log.command.begin());
    }
    calls.push_back(*std::move(call));
  }
  // A name that was tried in several folders of PATH and found in none.
  std::map<std::string, std::set<std::string>> tried;
  std::set<std::string> found;
  for (const Call& call : calls) {
    if (call.strings.empty()) continue;
    const std::string base(base::path::base_name(call.strings[0]));
    if (is_search(call)) tried[base].insert(call.strings[0]);
    if (call.err.empty()) found.insert(base);
  }
  std::set<std::string> known;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Call& call = calls[i];
    if (call.err.empty()) continue;
    const std::string path = call.strings.empty() ? "" : call.strings[0];
    const std::string base(base::path::base_name(path));
    Suspect suspect;
    suspect.because = fmt::format("{} {} = {}", call.name, path, call.err);
    suspect.score = static_cast<double>(i) / static_cast<double>(calls.size());
    if (is_search(call) && tried[base].size() > 1 && !found.contains(base)) {
      suspect.effects = {{"path-drop", base}};
      suspect.score += 2;
    } else {
      suspect.effects = effects_for(call);
    }
    if (suspect.effects.empty()) continue;
    if (base.size() > 1 && said.find(base) != std::string::npos) {
      suspect.score += 4;
    }
    if (call.err != "ENOENT") suspect.score += 1;  // rarer in healthy runs
    const std::string key =
        suspect.effects[0].first + ":" + suspect.effects[0].second;
    if (known.insert(key).second) log.suspects.push_back(std::move(suspect));
  }
  std::stable_sort(
      log.suspects.begin(), log.suspects.end(),
      [](const auto& a, const auto& b) { return a.score > b.score; });
  return log;
}

}  // namespace driftcage::mine
