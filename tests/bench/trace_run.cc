// SPDX-License-Identifier: Apache-2.0
//
// Runs a command under the tracer without a cage: what the tracer alone costs.
//   trace_run [--verbs exec,open] [--engine seccomp|ptrace|untraced] [--pin]
//             [--no-explain] [--gate NAME] [--print] -- COMMAND...
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "harness/wire/codec.h"
#include "tests/cage/trace_harness.h"

namespace {

using namespace driftcage;

// Encodes each record as the cell does, then prints or forgets it.
class Writer : public trace::Sink {
 public:
  explicit Writer(bool print) : print_(print) {}
  void process_start(const model::ProcessStart& start) override {
    if (print_)
      std::fprintf(stderr, "start %u parent %u pid %d\n", start.process,
                   start.parent, start.pid);
  }
  void event(const model::Event& event) override {
    bytes_.clear();
    wire::encode(event, bytes_);
    size_ += bytes_.size();
    if (print_)
      std::fprintf(stderr, "%s\n", trace::testing::describe(event).c_str());
  }
  void process_end(const model::ProcessEnd& end) override {
    if (print_)
      std::fprintf(stderr, "end %u %s\n", end.process,
                   end.status.text().c_str());
  }
  void mapped(const model::Mapped&) override {}
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  bool print_;
  std::size_t size_ = 0;
  std::string bytes_;
};

std::uint32_t parse_verbs(std::string_view list) {
  std::uint32_t verbs = 0;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const auto verb = model::verb_from_name(list.substr(0, end));
    if (verb) verbs |= trace::testing::verb_bit(*verb);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return verbs;
}

}  // namespace

int main(int argc, char** argv) try {
  trace::testing::Options options;
  options.limits.timeout_ns = 0;
  bool print = false;
  int i = 1;
  for (; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    if (word == "--pin") options.spec.pin_cpu = true;
    if (word == "--no-explain") options.spec.explain = false;
    if (word == "--print") print = true;
    if (word == "--verbs") options.spec.verbs = parse_verbs(argv[++i]);
    if (word == "--gate") {
      // As of `open **/NAME = fail`.
      options.spec.gated = trace::testing::verb_bit(model::Verb::Stat) |
                           trace::testing::verb_bit(model::Verb::Readlink) |
                           trace::testing::verb_bit(model::Verb::Open);
      options.spec.names.emplace_back(argv[++i]);
    }
    if (word == "--engine") {
      const std::string_view name = argv[++i];
      options.spec.engine = name == "ptrace"     ? model::Engine::Ptrace
                            : name == "untraced" ? model::Engine::Untraced
                                                 : model::Engine::Seccomp;
    }
  }
  const std::vector<std::string> command(argv + i + 1, argv + argc);
  Writer writer(print);
  trace::TraceEnd end;
  trace::testing::run_traced(command, options, writer, end);
  std::fprintf(stderr, "%llu events, %zu bytes, %s, %s, left %llu\n",
               static_cast<unsigned long long>(end.events), writer.size(),
               end.status.text().c_str(),
               model::integrity_text(end.integrity).c_str(),
               static_cast<unsigned long long>(end.left_behind));
  return end.status.shell_code();
} catch (const std::exception& error) {
  std::fprintf(stderr, "trace_run: %s\n", error.what());
  return 1;
}
