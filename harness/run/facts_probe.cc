// SPDX-License-Identifier: Apache-2.0
#include "harness/run/facts_probe.h"

#include <elf.h>
#include <fcntl.h>
#include <re2/re2.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/contents.h"
#include "harness/image/root_view.h"
#include "harness/plan/planner.h"
#include "harness/run/capture.h"

namespace driftcage::run {
namespace {

using nlohmann::json;

constexpr int kSchema = 2;
constexpr std::uint64_t kProbeTimeoutMs = 60'000;

// Facts together with the names that were looked for in vain.
struct Known {
  model::Facts facts;
  std::set<std::string> absent;
  bool probed = false;  // go env and libc are in

  [[nodiscard]] bool knows(const std::string& tool) const {
    return absent.contains(tool) || facts.tool(tool) != nullptr;
  }
};

json to_json(const Known& known) {
  json tools = json::array();
  for (const model::Tool& tool : known.facts.tools) {
    tools.push_back(
        {{"name", tool.name}, {"path", tool.path}, {"version", tool.version}});
  }
  json toolchains = json::array();
  for (const model::GoToolchain& go : known.facts.toolchains) {
    toolchains.push_back({{"goroot", go.goroot},
                          {"version", go.version},
                          {"tool_dir", go.tool_dir}});
  }
  return {{"schema", kSchema},
          {"tools", std::move(tools)},
          {"absent", known.absent},
          {"go_env", known.facts.go_env},
          {"toolchains", toolchains},
          {"shells", known.facts.shells},
          {"users", known.facts.users},
          {"libc", known.facts.libc},
          {"libc_version", known.facts.libc_version},
          {"loader", known.facts.loader}};
}

// A file of another version, or a damaged one, counts as none.
Known load(const std::string& file) {
  const auto text = base::sys::read_file(file);
  if (!text) return {};
  const json stored = json::parse(*text, nullptr, false);
  if (!stored.is_object() || stored.value("schema", 0) != kSchema) return {};
  try {
    Known known;
    for (const json& tool : stored.at("tools")) {
      known.facts.tools.push_back(
          {tool.at("name"), tool.at("path"), tool.at("version")});
    }
    for (const json& go : stored.at("toolchains")) {
      known.facts.toolchains.push_back(
          {go.at("goroot"), go.at("version"), go.at("tool_dir")});
    }
    stored.at("shells").get_to(known.facts.shells);
    stored.at("users").get_to(known.facts.users);
    stored.at("absent").get_to(known.absent);
    stored.at("go_env").get_to(known.facts.go_env);
    stored.at("libc").get_to(known.facts.libc);
    stored.at("libc_version").get_to(known.facts.libc_version);
    stored.at("loader").get_to(known.facts.loader);
    known.probed = true;
    return known;
  } catch (const json::exception&) {
    return {};
  }
}

std::optional<std::string> go_version_in(std::string_view text) {
  static const RE2 kPattern(R"(go(\d+(?:\.\d+)*))");
  std::string version;
  if (!RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kPattern,
                         &version)) {
    return std::nullopt;
  }
  return version;
}

// One program to run in the cage, and what to do with its output.
struct Question {
  std::vector<std::string> argv;
  std::function<void(const Captured&)> answer;
};

class Prober {
 public:
  Prober(const image::Image& image, Known& known)
      : image_(image), known_(known) {}

  void ask_tool(const std::string& name) {
    const std::string path = image::find_program(image_, name);
    if (path.empty()) {
      known_.absent.insert(name);
      return;
    }
    known_.facts.tools.push_back({name, path, ""});
    const std::size_t index = known_.facts.tools.size() - 1;
    if (name == "go") {
      questions_.push_back({{path, "version"}, [this, index](const auto& said) {
                              known_.facts.tools[index].version =
                                  go_version_in(said.out).value_or("");
                            }});
      questions_.push_back({{path, "env", "-json"},
                            [this](const auto& said) { take_go_env(said); }});
      return;
    }
    questions_.push_back({{path, "--version"}, [this, index](const auto& said) {
                            known_.facts.tools[index].version =
                                version_in(said.out + said.err);
                          }});
  }

  void look_around() {
    known_.facts.toolchains = image::find_toolchains(image_);
    known_.facts.shells = image::find_shells(image_);
    known_.facts.users = image::find_users(image_);
  }

  void ask_libc() {
    model::Facts& facts = known_.facts;
    facts.loader = loader();
    const std::string name(base::path::base_name(facts.loader));
    if (name.starts_with("ld-musl-")) {
      facts.libc = "musl";
    } else if (!name.empty()) {
      facts.libc = "glibc";
    }
    if (facts.libc.empty()) return;
    // Both answer with their version, musl as part of an error. glibc before
    // 2.33 does not, but its ldd does.
    const auto take = [this](const Captured& said) {
      if (known_.facts.libc_version.empty()) {
        known_.facts.libc_version = version_in(said.out + said.err);
      }
    };
    questions_.push_back({{facts.loader, "--version"}, take});
    if (const std::string ldd = image::find_program(image_, "ldd");
        facts.libc == "glibc" && !ldd.empty()) {
      questions_.push_back({{ldd, "--version"}, take});
    }
  }

  base::Status run(Launcher& launcher) {
    if (questions_.empty()) return {};
    std::vector<model::CageSpec> specs;
    for (const Question& question : questions_) {
      specs.push_back(plan::healthy_cage(image_, question.argv));
      specs.back().timeout_ms = kProbeTimeoutMs;
    }
    auto answers = capture(launcher, specs);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return tl::make_unexpected(answers[i].error());
      // A busy machine must not become a fact about the image.
      if (answers[i]->end.outcome == wire::Outcome::Timeout) {
        return base::fail("probe image", image_.reference, ETIMEDOUT,
                          "`" + questions_[i].argv.front() +
                              "` did not answer in a healthy cage");
      }
      questions_[i].answer(*answers[i]);
    }
    return {};
  }

 private:
  void take_go_env(const Captured& said) {
    const json env = json::parse(said.out, nullptr, false);
    if (!said.success() || !env.is_object()) return;
    for (const auto& [name, value] : env.items()) {
      if (value.is_string()) known_.facts.go_env[name] = value;
    }
  }

  // The interpreter of the image's shell tells what the image is made of: a
  // musl image may carry a compatibility loader of glibc's name.
  [[nodiscard]] std::string loader() const {
    for (const char* program : {"sh", "env", "ls"}) {
      const std::string path = image::find_program(image_, program);
      if (path.empty()) continue;
      std::string interpreter = interpreter_of(image_, path);
      if (!interpreter.empty()) return interpreter;
    }
    for (const char* usual :
         {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
          "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"}) {
      if (image::is_program(image_.root, usual)) return usual;
    }
    return {};
  }

  const image::Image& image_;
  Known& known_;
  std::vector<Question> questions_;
};

}  // namespace

std::string version_in(std::string_view text) {
  static const RE2 kPattern(R"(\b(\d+(?:\.\d+)+))");
  std::string version;
  RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kPattern,
                    &version);
  return version;
}

std::string interpreter_of(const image::Image& image,
                           const std::string& program) {
  const auto file = image::look_up(image.root, program);
  if (!file) return {};
  const auto fd = base::sys::open(image.root + file->path, O_RDONLY);
  if (!fd) return {};
  const auto read_at = [&](std::uint64_t offset, void* into, std::size_t size) {
    return ::pread(fd->get(), into, size, static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(size);
  };
  Elf64_Ehdr header{};
  if (!read_at(0, &header, sizeof(header)) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64) {
    return {};
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!read_at(header.e_phoff + i * sizeof(segment), &segment,
                 sizeof(segment))) {
      return {};
    }
    if (segment.p_type != PT_INTERP || segment.p_filesz > 4096) continue;
    std::string name(segment.p_filesz, '\0');
    if (!read_at(segment.p_offset, name.data(), name.size())) return {};
    return name.c_str();  // without the final zero
  }
  return {};
}

base::Result<model::Facts> probe_facts(Launcher& launcher,
                                       const image::Image& image,
                                       std::set<std::string> tools,
                                       const std::string& folder) {
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(folder, 0755));
  const std::string file = folder + "/" + image.identity + ".json";
  tools.insert({"go", "gcc"});
  Known known = load(file);
  const json before = to_json(known);
  Prober prober(image, known);
  if (!known.probed) {
    prober.look_around();
    prober.ask_libc();
  }
  for (const std::string& tool : tools) {
    if (!known.knows(tool)) prober.ask_tool(tool);
  }
  DRIFTCAGE_CHECK_OK(prober.run(launcher));
  if (const json after = to_json(known); after != before) {
    DRIFTCAGE_CHECK_OK(base::sys::replace_file(
        file,
        after.dump(2, ' ', false, json::error_handler_t::replace) + "\n"));
  }
  known.facts.image = image.reference;
  known.facts.architecture = image.architecture;
  return std::move(known.facts);
}

}  // namespace driftcage::run
