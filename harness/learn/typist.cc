// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/typist.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::learn {
namespace {

constexpr std::size_t kScreen = 1u << 20;  // the last of it is kept

}  // namespace

Typist::Typist(std::vector<std::string> lines) : lines_(std::move(lines)) {}

Typist::~Typist() { static_cast<void>(finish()); }

base::Status Typist::start() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return base::fail("socketpair", {}, errno);
  }
  terminal_.reset(pair[0]);
  hands_.reset(pair[1]);
  // Signals are the loop's business.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { type(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

std::string Typist::finish() {
  if (thread_.joinable()) {
    ::shutdown(terminal_.get(), SHUT_RDWR);
    thread_.join();
  }
  return std::move(screen_);
}

// False at the end of the screen. `from`: where to look, moved behind it.
bool Typist::await_prompt(std::size_t* from) {
  const std::string prompt = kPrompt;
  while (true) {
    const std::size_t at = screen_.find(prompt, *from);
    if (at != std::string::npos) {
      *from = at + prompt.size();
      return true;
    }
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(hands_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    screen_.append(buffer.data(), static_cast<std::size_t>(size));
    if (screen_.size() <= kScreen) continue;
    // Whoever stopped reading would stop the shell as well.
    const std::size_t dropped = screen_.size() - kScreen / 2;
    screen_.erase(0, dropped);
    *from -= std::min(*from, dropped);
  }
}

void Typist::type() {
  std::size_t seen = 0;
  for (const std::string& line : lines_) {
    if (!await_prompt(&seen)) return;
    if (!base::sys::write_all(hands_.get(), line + "\r", "terminal")) return;
    ++typed_;
  }
  while (await_prompt(&seen)) {
  }
}

}  // namespace driftcage::learn
