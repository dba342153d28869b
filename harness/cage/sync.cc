// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/sync.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "harness/base/sys.h"
#include "harness/wire/fields.h"

namespace driftcage::cage {

template <class Archive>
void fields(Archive& archive, StepTime& value) {
  archive(value.step, value.ns);
}

}  // namespace driftcage::cage

namespace driftcage::cage::sync {

template <class Archive>
void fields(Archive& archive, Report& value) {
  archive(value.rung, value.steps, value.notes);
}
template <class Archive>
void fields(Archive& archive, Mapped& value) {
  archive(value.ids);
}
template <class Archive>
void fields(Archive& archive, Ended& value) {
  archive(value.status, value.left_behind);
}

namespace {

template <class T>
std::string encoded(const T& value) {
  std::string out;
  wire::Encode encode(out);
  encode(value);
  return out;
}

template <class T>
T decoded(const Message& message) {
  T value;
  wire::Decode decode(message.body);
  decode(value);
  return value;
}

// Waits for `fd`; a tag other than Ready is the reason to give up. What is
// there already is taken even past the deadline.
Tag wait_for(int fd, const Wait& wait) {
  while (true) {
    struct timespec left {};
    bool expired = false;
    if (wait.deadline_ns != 0) {
      const std::uint64_t now = base::sys::monotonic_ns();
      expired = now >= wait.deadline_ns;
      const std::uint64_t ns = expired ? 0 : wait.deadline_ns - now;
      left.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
      left.tv_nsec = static_cast<long>(ns % 1'000'000'000);
    }
    std::array<pollfd, 2> polled = {
        {{fd, POLLIN, 0}, {wait.cancel_fd, POLLIN, 0}}};
    const int ready = ::ppoll(polled.data(), polled.size(),
                              wait.deadline_ns != 0 ? &left : nullptr, nullptr);
    if (ready < 0 && errno != EINTR) return Tag::HangUp;
    if (ready > 0) return polled[0].revents != 0 ? Tag::Ready : Tag::Stopped;
    if (expired) return Tag::Expired;
  }
}

}  // namespace

base::Result<std::pair<base::UniqueFd, base::UniqueFd>> pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) !=
      0) {
    return base::fail("socketpair", {}, errno);
  }
  std::pair both{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  // Before anything is sent: only then the kernel attaches the sender's pid.
  const int on = 1;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return base::fail("setsockopt SO_PASSCRED", {}, errno);
  }
  return both;
}

void send(int fd, Tag tag, std::string_view body) noexcept {
  auto head = static_cast<std::uint8_t>(tag);
  std::array<iovec, 2> parts = {
      {{&head, 1}, {const_cast<char*>(body.data()), body.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  while (::sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void send_mapped(int fd, const Mapped& mapped) {
  send(fd, Tag::Mapped, encoded(mapped));
}
void send_error(int fd, const base::Error& error) {
  send(fd, Tag::Failed, encoded(error));
}
void send_report(int fd, const Report& report) {
  send(fd, Tag::Ready, encoded(report));
}
void send_ended(int fd, const Ended& ended) {
  send(fd, Tag::Ended, encoded(ended));
}

Message receive(int fd, const Wait& wait) {
  Message result;
  if (wait.deadline_ns != 0 || wait.cancel_fd >= 0) {
    result.tag = wait_for(fd, wait);
    if (result.tag != Tag::Ready) return result;
  }
  result.tag = Tag::HangUp;
  // The size first: a buffer for the largest message would cost a page fault
  // for each of its pages, in every process that receives.
  ssize_t size = -1;
  do {
    size = ::recv(fd, nullptr, 0, MSG_PEEK | MSG_TRUNC);
    // ECONNRESET, told once: the other side went with a message of ours unread.
    // What it sent before is still there.
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size <= 0) return result;
  std::string buffer(static_cast<std::size_t>(size), '\0');
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  do {  // the other side can go between the two calls as well
    size = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size <= 0) return result;
  result.tag = static_cast<Tag>(buffer[0]);
  result.body.assign(buffer, 1, static_cast<std::size_t>(size) - 1);
  if (const cmsghdr* head = CMSG_FIRSTHDR(&message);
      head != nullptr && head->cmsg_level == SOL_SOCKET &&
      head->cmsg_type == SCM_CREDENTIALS) {
    ucred credentials{};
    std::memcpy(&credentials, CMSG_DATA(head), sizeof credentials);
    result.sender = credentials.pid;
  }
  return result;
}

bool is_hung_up(int fd) noexcept {
  pollfd polled{fd, 0, 0};
  return ::poll(&polled, 1, 0) > 0;
}

base::Error error_of(const Message& message) {
  return decoded<base::Error>(message);
}
Mapped mapped_of(const Message& message) { return decoded<Mapped>(message); }
Report report_of(const Message& message) { return decoded<Report>(message); }
Ended ended_of(const Message& message) { return decoded<Ended>(message); }

}  // namespace driftcage::cage::sync
