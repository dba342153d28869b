// SPDX-License-Identifier: Apache-2.0
#include "tests/cage/cell_run.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "harness/base/sys.h"
#include "harness/wire/codec.h"

namespace driftcage::testing {
namespace {

constexpr uid_t kOrdinaryId = 12345;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

Pipe make_pipe() {
  auto ends = base::sys::pipe();
  if (!ends) throw std::runtime_error(ends.error().message());
  return {std::move(ends->first), std::move(ends->second)};
}

}  // namespace

std::string cell_path() {
  const char* path = std::getenv("DRIFTCAGE_CELL");
  return path != nullptr ? path : DRIFTCAGE_BUILT_CELL;
}

std::string payload_path() { return DRIFTCAGE_BUILT_PAYLOAD; }

void become_ordinary() {
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 ||
      ::setresgid(kOrdinaryId, kOrdinaryId, kOrdinaryId) != 0 ||
      ::setresuid(kOrdinaryId, kOrdinaryId, kOrdinaryId) != 0) {
    ::_exit(126);
  }
  // As after a login: without it /proc/self is root's.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

Cell::Cell(const model::CageSpec& spec, Caller caller) {
  Pipe in = make_pipe();
  Pipe trace = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const std::string path = cell_path();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    // Away from the low numbers first, so that no dup2 hits a source.
    const std::array<int, 5> from = {::open("/dev/null", O_RDONLY),
                                     ::fcntl(out.write.get(), F_DUPFD, 20),
                                     ::fcntl(err.write.get(), F_DUPFD, 20),
                                     ::fcntl(in.read.get(), F_DUPFD, 20),
                                     ::fcntl(trace.write.get(), F_DUPFD, 20)};
    for (std::size_t i = 0; i < from.size(); ++i) {
      ::dup2(from[i], static_cast<int>(i));
    }
    if (caller == Caller::Ordinary) become_ordinary();
    ::execl(path.c_str(), "driftcage-cell", nullptr);
    ::_exit(127);
  }
  spec_ = std::move(in.write);
  trace_ = std::move(trace.read);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  const std::string body = wire::encode_spec(spec);
  std::string message;
  for (int shift = 0; shift < 32; shift += 8) {
    message.push_back(static_cast<char>(body.size() >> shift));
  }
  message += body;
  static_cast<void>(base::sys::write_all(spec_.get(), message, "spec"));
}

Cell::~Cell() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Cell::read_some() {
  std::array<std::pair<base::UniqueFd*, std::string*>, 3> streams = {
      {{&trace_, &records_}, {&out_, &run_.out}, {&err_, &run_.err}}};
  std::array<pollfd, 3> polled{};
  bool open = false;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    polled[i] = {streams[i].first->get(), POLLIN, 0};
    open = open || *streams[i].first;
  }
  if (!open) return false;
  if (::poll(polled.data(), polled.size(), -1) < 0) return errno == EINTR;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (polled[i].revents == 0) continue;
    std::array<char, 65536> buffer{};
    const ssize_t size =
        ::read(streams[i].first->get(), buffer.data(), buffer.size());
    if (size <= 0) {
      streams[i].first->reset();
    } else {
      streams[i].second->append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  return true;
}

void Cell::wait_for_output(const std::string& text) {
  while (run_.out.find(text) == std::string::npos && read_some()) {
  }
}

CellRun Cell::finish() {
  while (read_some()) {
  }
  CellRun run = decode_run(records_);
  run.out = std::move(run_.out);
  run.err = std::move(run_.err);
  ::waitpid(pid_, &run.cell_status, 0);
  pid_ = -1;
  return run;
}

CellRun decode_run(const std::string& records) {
  CellRun run;
  wire::Decoder decoder;
  decoder.feed(records);
  while (true) {
    auto record = decoder.next();
    if (!record || !*record) break;
    run.ended = false;
    if (auto* hello = std::get_if<wire::Hello>(&**record)) {
      run.hello = *hello;
    } else if (auto* up = std::get_if<wire::CageUp>(&**record)) {
      run.up = *up;
    } else if (auto* event = std::get_if<model::Event>(&**record)) {
      run.events.push_back(*event);
    } else if (auto* end = std::get_if<wire::End>(&**record)) {
      run.end = *end;
      run.ended = decoder.pending() == 0;
    }
  }
  return run;
}

CellRun run_cell(const model::CageSpec& spec, Caller caller) {
  return Cell(spec, caller).finish();
}

model::CageSpec host_spec(std::vector<std::string> argv) {
  model::CageSpec spec;
  spec.masks = {"/home", "/root", "/run", "/work"};
  spec.ops = {model::op::MakeDirectory{"/work"},
              model::op::MakeDirectory{"/home/cage"}};
  spec.argv = std::move(argv);
  spec.environment = {{"HOME", "/home/cage"}, {"PATH", "/usr/bin:/bin"}};
  spec.directory = "/work";
  spec.trace.engine = model::Engine::Untraced;
  return spec;
}

model::CageSpec shell_spec(const std::string& line) {
  return host_spec({"/bin/sh", "-c", line});
}

model::CageSpec payload_spec(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kPayload);
  model::CageSpec spec = host_spec(std::move(arguments));
  spec.let_in = {{payload_path(), kPayload}};
  return spec;
}

std::string why_no_cages(Caller caller) {
  const CellRun run = run_cell(payload_spec({"identity"}), caller);
  if (run.end.outcome == wire::Outcome::Finished && run.ended) return "";
  if (!run.ended) return "driftcage-cell does not start: " + cell_path();
  return "no cages here: " + run.end.error.message();
}

std::string unlike_exit(const CellRun& run, int code) {
  std::string text;
  if (!run.ended) text += "no End record; ";
  if (run.end.outcome != wire::Outcome::Finished) {
    text += std::string(wire::outcome_name(run.end.outcome)) + ": " +
            run.end.error.message() + " (" + run.end.error.hint + "); ";
  } else if (run.end.status != base::WaitStatus::exited(code)) {
    text += run.end.status.text() + "; ";
  }
  if (run.cell_status != 0) text += "driftcage-cell itself failed; ";
  if (!text.empty()) text += "output:\n" + run.out + run.err;
  return text;
}

}  // namespace driftcage::testing
