// SPDX-License-Identifier: Apache-2.0
#include "harness/match/stage.h"

#include <algorithm>
#include <array>
#include <variant>

#include "harness/base/path.h"

namespace driftcage::match {
namespace {

constexpr std::array<std::string_view, 5> kStageTools{"compile", "asm", "cgo",
                                                      "vet", "link"};

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "linux_amd64"
bool is_platform(std::string_view name) {
  const std::size_t bar = name.find('_');
  const auto is_word = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
  };
  return bar != std::string_view::npos && is_word(name.substr(0, bar)) &&
         is_word(name.substr(bar + 1));
}

// $GOROOT/pkg/tool/linux_amd64/compile
bool is_go_tool(std::string_view path) {
  const auto parts = base::path::components(path);
  const std::size_t count = parts.size();
  return count >= 4 && parts[count - 4] == "pkg" &&
         parts[count - 3] == "tool" && is_platform(parts[count - 2]);
}

// What the go command built in order to start it: go-build123/b001/exe/NAME,
// go-build123/b001/NAME.test, or ab/abcd...-d/NAME in the cache.
bool is_product(std::string_view path) {
  const auto parts = base::path::components(path);
  const std::size_t count = parts.size();
  if (count < 3 || path.front() != '/') return false;
  const std::string_view folder = parts[count - 2];
  const std::string_view above = parts[count - 3];
  if (folder == "exe")
    return count >= 4 && parts[count - 4].starts_with("go-build");
  if (folder.ends_with("-d")) {
    return above.size() == 2 && folder.starts_with(above) &&
           is_hex(folder.substr(0, folder.size() - 2));
  }
  return folder.starts_with('b') && above.starts_with("go-build") &&
         parts.back().ends_with(".test");
}

// "gcc", "x86_64-linux-gnu-gcc-12", "clang-14", "cc1", "as", "ld", "collect2".
bool is_c_tool(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames{
      "gcc", "g++",     "cc", "c++",      "clang", "clang++",
      "cc1", "cc1plus", "as", "collect2", "ld",    "ar"};
  // Without a version at its end and a target at its start.
  while (!name.empty() && (name.back() == '.' || name.back() == '-' ||
                           (name.back() >= '0' && name.back() <= '9' &&
                            name != "cc1" && name != "collect2"))) {
    name.remove_suffix(1);
  }
  if (const std::size_t dash = name.rfind('-'); dash != name.npos)
    name = name.substr(dash + 1);
  return name.starts_with("ld.") ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string_view first_word(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_first_of(" \t"));
}

// Where the go command's own verb is: its first argument that is no flag. The
// size of `argv` when there is none.
std::size_t subcommand_at(const std::vector<std::string>& argv) {
  std::size_t at = 1;
  while (at < argv.size() && argv[at].starts_with('-'))
    at += argv[at] == "-C" ? 2 : 1;  // go -C DIR build
  return std::min(at, argv.size());
}

// Of a flag of go build, run or test, without a '=': whether the next word is
// its value. Of a flag of the test itself it may be, when it is no flag.
bool takes_word(std::string_view flag, std::string_view next) {
  static constexpr std::array<std::string_view, 21> kSwitches{
      "a",         "asan",       "benchmem",   "buildvcs", "c",
      "cover",     "failfast",   "fullpath",   "i",        "json",
      "artifacts", "linkshared", "modcacherw", "msan",     "n",
      "race",      "short",      "trimpath",   "v",        "work",
      "x"};
  static constexpr std::array<std::string_view, 46> kWithValue{
      "asmflags",
      "bench",
      "benchtime",
      "blockprofile",
      "blockprofilerate",
      "buildmode",
      "compiler",
      "count",
      "covermode",
      "coverpkg",
      "coverprofile",
      "cpu",
      "cpuprofile",
      "fuzz",
      "fuzzminimizetime",
      "fuzztime",
      "gccgoflags",
      "gcflags",
      "installsuffix",
      "ldflags",
      "list",
      "memprofile",
      "memprofilerate",
      "mod",
      "modfile",
      "mutexprofile",
      "mutexprofilefraction",
      "o",
      "outputdir",
      "overlay",
      "p",
      "parallel",
      "pgo",
      "pkgdir",
      "run",
      "shuffle",
      "skip",
      "tags",
      "testlogfile",
      "timeout",
      "toolexec",
      "trace",
      "vet",
      "vettool",
      "C",
      "debug-actiongraph"};
  flag.remove_prefix(1);
  if (flag.starts_with("test.")) flag.remove_prefix(5);  // -test.v is -v
  const auto is_one_of = [flag](const auto& names) {
    return std::find(names.begin(), names.end(), flag) != names.end();
  };
  if (is_one_of(kSwitches)) return false;
  return is_one_of(kWithValue) || !next.starts_with('-');
}

// "-exec wrapper", "--exec=wrapper", among the flags of the go command's verb,
// which is at `verb`. Arguments of the program come behind: of go run behind
// the first word that is no flag; go test takes flags behind its packages, too.
bool has_exec_flag(const std::vector<std::string>& argv, std::size_t verb) {
  const bool tests = argv[verb] == "test";
  bool packages = false;
  bool flags_again = false;
  for (std::size_t i = verb + 1; i < argv.size(); ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with('-') || word == "-") {
      if (!tests || flags_again) return false;
      packages = true;
      continue;
    }
    flags_again = packages;
    if (word.starts_with("--")) word.remove_prefix(1);
    if (word == "-" || word == "-args") return false;
    if (word == "-exec" || word.starts_with("-exec=")) return true;
    if (word.find('=') == std::string_view::npos && i + 1 < argv.size() &&
        takes_word(word, argv[i + 1])) {
      ++i;
    }
  }
  return false;
}

}  // namespace

void Stages::add(const wire::Record& record) {
  if (const auto* event = std::get_if<model::Event>(&record)) {
    if (event->verb != model::Verb::Exec || !event->ok()) return;
    Process& process = processes_[event->process];
    const bool child_of_go = process.is_go;
    bool real = false;
    process = after(process, *event, real);
    const auto parent = processes_.find(process.parent);
    if (real && child_of_go && parent != processes_.end() &&
        parent->second.stage == "list") {
      parent->second.stage = "build";
    }
  } else if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    Process process;
    const auto parent = processes_.find(start->parent);
    if (parent != processes_.end()) process = parent->second;
    process.parent = start->parent;
    processes_[start->process] = process;
  } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
    processes_.erase(end->process);
  }
}

bool Stages::is_compiler(const Process& process, std::string_view path) {
  const std::string_view name = base::path::base_name(path);
  const auto names = [&](std::string_view variable) {
    const bool whole = variable.find('/') != std::string_view::npos;
    return !variable.empty() && variable == (whole ? path : name);
  };
  return is_c_tool(name) || names(process.cc) || names(process.cxx);
}

bool Stages::starts_product(const Process& go, std::string_view path,
                            const std::vector<std::string>& argv) {
  if (!go.is_go || !go.runs) return false;
  const std::string_view name = base::path::base_name(path);
  // With -o a test may lie anywhere.
  if (is_product(path) || name.ends_with(".test")) return true;
  // go_linux_arm64_exec is the wrapper for that platform.
  if (!go.wraps && !(name.starts_with("go_") && name.ends_with("_exec")))
    return false;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i - 1] != "-o" && is_product(argv[i])) return true;
  }
  return false;
}

Stages::Process Stages::after(const Process& before, const model::Event& event,
                              bool& real) {
  Process process;
  process.parent = before.parent;
  process.stage = before.stage;
  process.cc = before.cc;
  process.cxx = before.cxx;
  if (!event.exec) return process;
  for (const std::string_view entry : event.exec->environment) {
    const std::size_t equals = std::min(entry.find('='), entry.size());
    const std::string_view variable = entry.substr(0, equals);
    const std::string_view value = entry.substr(equals);
    const std::string_view word =
        first_word(value.empty() ? value : value.substr(1));
    if (variable == "CC") process.cc = word;
    if (variable == "CXX") process.cxx = word;
  }
  const std::string& path = event.abs.empty() ? event.path : event.abs;
  const std::string_view name = base::path::base_name(path);
  const auto& argv = event.exec->argv;
  if (name == "go" && process.stage != "run") {
    const std::size_t at = subcommand_at(argv);
    const std::string_view verb =
        at < argv.size() ? std::string_view(argv[at]) : std::string_view();
    process.is_go = true;
    process.runs = verb == "run" || verb == "test";
    process.wraps = process.runs && has_exec_flag(argv, at);
    process.generates = verb == "generate";
    process.stage = "list";
  } else if (process.stage.empty() || process.stage == "run" ||
             process.stage == "generate") {
    return process;
  } else if (starts_product(before, path, argv)) {
    // Before its name is looked at: it may be that of a C tool.
    process.stage = "run";
  } else if (is_go_tool(path)) {
    real = std::none_of(argv.begin(), argv.end(), [](const std::string& word) {
      return word.starts_with("-V");
    });
    const auto* tool = std::find(kStageTools.begin(), kStageTools.end(), name);
    process.stage = !real                       ? "version"
                    : tool == kStageTools.end() ? "tool"
                                                : *tool;
  } else if (before.is_go && before.generates) {
    process.stage = "generate";
  } else if (is_compiler(before, path)) {
    // Under Go's linker it is the linker's.
    real = process.stage != "link";
    if (real) process.stage = "gcc";
  }
  return process;
}

std::string_view Stages::stage(std::uint32_t process) const {
  const auto found = processes_.find(process);
  return found == processes_.end() ? std::string_view() : found->second.stage;
}

std::string_view Stages::stage_of(const model::Event& event) const {
  const auto found = processes_.find(event.process);
  if (event.verb != model::Verb::Exec || found == processes_.end())
    return stage(event.process);
  bool real = false;
  return after(found->second, event, real).stage;
}

}  // namespace driftcage::match
