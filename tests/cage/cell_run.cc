// SPDX-License-Identifier: Apache-2.0
#include "tests/cage/cell_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "harness/base/sys.h"
#include "harness/wire/codec.h"

namespace driftcage::testing {
namespace {

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

Cell::Cell(const model::CageSpec& spec) {
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
    ::close_range(5, ~0u, 0);
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
  ::waitpid(pid_, &run_.cell_status, 0);
  pid_ = -1;
  wire::Decoder decoder;
  decoder.feed(records_);
  while (true) {
    auto record = decoder.next();
    if (!record || !*record) break;
    run_.ended = false;
    if (auto* hello = std::get_if<wire::Hello>(&**record)) {
      run_.hello = *hello;
    } else if (auto* up = std::get_if<wire::CageUp>(&**record)) {
      run_.up = *up;
    } else if (auto* event = std::get_if<model::Event>(&**record)) {
      run_.events.push_back(*event);
    } else if (auto* end = std::get_if<wire::End>(&**record)) {
      run_.end = *end;
      run_.ended = decoder.pending() == 0;
    }
  }
  return std::move(run_);
}

CellRun run_cell(const model::CageSpec& spec) { return Cell(spec).finish(); }

model::CageSpec host_spec(std::vector<std::string> argv) {
  model::CageSpec spec;
  spec.masks = {"/home", "/root", "/run"};
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

std::string why_no_cages() {
  const CellRun run = run_cell(host_spec({"/bin/true"}));
  if (run.end.outcome == wire::Outcome::Finished) return "";
  return run.end.error.message();
}

}  // namespace driftcage::testing
