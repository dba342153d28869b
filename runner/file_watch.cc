// SPDX-License-Identifier: Apache-2.0
#include "runner/file_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "harness/base/path.h"

namespace driftcage::runner {
namespace {

constexpr int kSettleMs = 30;

// The signals that end the wait, held back from their handlers meanwhile.
class HeldSignals {
 public:
  HeldSignals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      ::sigaddset(&set_, signal);
    }
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
    fd_.reset(::signalfd(-1, &set_, SFD_CLOEXEC));
  }
  ~HeldSignals() {
    // Taken, or it would strike when they are let go.
    signalfd_siginfo info{};
    pollfd pending{fd_.get(), POLLIN, 0};
    while (::poll(&pending, 1, 0) > 0 &&
           ::read(fd_.get(), &info, sizeof info) > 0) {
    }
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  [[nodiscard]] int fd() const { return fd_.get(); }
  // The number of one that has come.
  [[nodiscard]] int take() const {
    signalfd_siginfo info{};
    const bool taken = ::read(fd_.get(), &info, sizeof info) == sizeof info;
    return taken ? static_cast<int>(info.ssi_signo) : SIGTERM;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  base::UniqueFd fd_;
};

}  // namespace

base::Result<FileWatch> FileWatch::open() {
  FileWatch watch;
  watch.fd_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.fd_) {
    return base::fail("watch files", {}, errno,
                      "see fs.inotify.max_user_instances in proc(5)");
  }
  return watch;
}

base::Status FileWatch::add(const std::string& file) {
  const std::string folder(base::path::dir_name(file));
  const int number = ::inotify_add_watch(fd_.get(), folder.c_str(),
                                         IN_CLOSE_WRITE | IN_MOVED_TO);
  if (number < 0) return base::fail("watch", folder, errno);
  folders_[number] = folder;
  files_.insert(file);
  return {};
}

bool FileWatch::read_events(std::set<std::string>& changed) {
  alignas(inotify_event) std::array<char, 1u << 14> buffer{};
  const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
  if (size <= 0) return false;
  for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
    const auto* event =
        reinterpret_cast<const inotify_event*>(buffer.data() + at);
    at += sizeof(inotify_event) + event->len;
    if (event->len == 0) continue;
    const std::string file = folders_[event->wd] + "/" + event->name;
    if (files_.contains(file)) changed.insert(file);
  }
  return true;
}

tl::expected<std::vector<std::string>, int> FileWatch::wait() {
  const HeldSignals signals;
  std::set<std::string> changed;
  while (true) {
    std::array<pollfd, 2> polled{
        {{fd_.get(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    const int ready =
        ::poll(polled.data(), polled.size(), changed.empty() ? -1 : kSettleMs);
    if (ready > 0 && polled[1].revents != 0) {
      return tl::make_unexpected(signals.take());
    }
    if (ready > 0) {
      read_events(changed);
    } else if (ready == 0) {
      return std::vector<std::string>(changed.begin(), changed.end());
    }
  }
}

}  // namespace driftcage::runner
