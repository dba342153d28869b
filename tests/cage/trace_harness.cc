// SPDX-License-Identifier: Apache-2.0
#include "tests/cage/trace_harness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "harness/base/result.h"
#include "harness/base/sys.h"

namespace driftcage::trace::testing {
namespace {

class Collector : public Sink {
 public:
  explicit Collector(Trace& trace) : trace_(trace) {}
  void process_start(const model::ProcessStart& start) override {
    trace_.starts.push_back(start);
  }
  void event(const model::Event& event) override {
    trace_.events.push_back(event);
  }
  void process_end(const model::ProcessEnd& end) override {
    trace_.ends.push_back(end);
  }
  void mapped(const model::Mapped& mapped) override {
    trace_.mapped.push_back(mapped);
  }

 private:
  Trace& trace_;
};

[[noreturn]] void child(const std::vector<std::string>& argv,
                        const Options& options, const Filter& filter, int go) {
  char byte = 0;
  while (read(go, &byte, 1) < 0 && errno == EINTR) {
  }
  if (options.before) options.before();
  int err = filter.install();
  if (err == EACCES) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    err = filter.install();
  }
  if (err != 0) _exit(126);
  if (options.body) _exit(options.body());
  std::vector<char*> pointers;
  for (const std::string& word : argv)
    pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(127);
}

template <class T>
T check(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

std::vector<model::Event> Trace::at(const std::string& path) const {
  std::vector<model::Event> found;
  for (const auto& event : events) {
    if (event.path == path) found.push_back(event);
  }
  return found;
}

std::vector<model::Event> Trace::of(model::Verb verb) const {
  std::vector<model::Event> found;
  for (const auto& event : events) {
    if (event.verb == verb) found.push_back(event);
  }
  return found;
}

void run_traced(const std::vector<std::string>& argv, const Options& options,
                Sink& sink, TraceEnd& end) {
  const Filter filter = check(Filter::make(options.spec));
  auto [go_read, go_write] = check(base::sys::pipe());
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    go_write.reset();
    child(argv, options, filter, go_read.get());
  }
  Tracer tracer(options.spec, sink, options.injections);
  check(tracer.seize(pid));
  if (write(go_write.get(), "g", 1) != 1) throw std::runtime_error("release");
  end = check(tracer.run(options.limits));
}

Trace run_traced(const std::vector<std::string>& argv, const Options& options) {
  Trace trace;
  Collector collector(trace);
  const base::UniqueFd output(memfd_create("output", MFD_CLOEXEC));
  // A memfd does not lock its position: without this, lines written at the
  // same time by several threads overwrite each other.
  fcntl(output.get(), F_SETFL, O_APPEND);
  Options with_output = options;
  with_output.before = [&] {
    dup2(output.get(), STDOUT_FILENO);
    if (options.before) options.before();
  };
  run_traced(argv, with_output, collector, trace.end);
  lseek(output.get(), 0, SEEK_SET);
  trace.output = check(base::sys::read_fd(output.get(), "output"));
  return trace;
}

std::string describe(const model::Event& event) {
  std::string text =
      std::to_string(event.process) + "." + std::to_string(event.generation) +
      " [" + std::to_string(event.tid) + "] " +
      std::string(model::syscall_name(event.syscall)) + " " + event.path;
  if (event.abs != event.path) text += " (" + event.abs + ")";
  text += " = ";
  text +=
      event.ok() ? std::to_string(event.result) : base::errno_name(event.err);
  if (!event.real.empty() && event.real != event.abs)
    text += " -> " + event.real;
  if (event.cause != model::Cause::None) {
    text += " " + std::string(model::cause_name(event.cause)) + " " +
            event.cause_at;
  }
  if (event.exec) {
    text += " {";
    for (const auto& word : event.exec->argv) text += word + " ";
    text += "} env " + std::to_string(event.exec->environment.size()) + " " +
            event.exec->exe;
  }
  return text;
}

std::string describe(const std::vector<model::Event>& events) {
  std::string text;
  for (const auto& event : events) text += describe(event) + "\n";
  return text;
}

}  // namespace driftcage::trace::testing
