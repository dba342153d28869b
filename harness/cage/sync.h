// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/cage/cage.h"

// The messages between Cage and its pid 1, over a SOCK_SEQPACKET pair: each is
// whole or not there, and the end of file means that the other side is gone.
namespace driftcage::cage::sync {

enum class Tag : std::uint8_t {
  Mapped,   // to pid 1: your ids are mapped; says how many
  Go,       // to the payload: exec now
  Failed,   // from below: an Error
  Ready,    // from the payload: a Report; carries its pid
  Ended,    // from pid 1: the payload has ended
  HangUp,   // not sent: the other side is gone
  Expired,  // not sent: no message before the deadline
  Stopped,  // not sent: the cancel descriptor became readable
};

struct Report {
  std::string rung;
  std::vector<StepTime> steps;
  std::vector<std::string> notes;
};

struct Mapped {
  std::uint32_t ids = 1;  // see map_ids()
};

struct Ended {
  int status = 0;
  std::uint64_t left_behind = 0;
};

struct Message {
  Tag tag = Tag::HangUp;
  std::string body;
  pid_t sender = 0;  // in the receiver's pid namespace
};

[[nodiscard]] base::Result<std::pair<base::UniqueFd, base::UniqueFd>> pair();

// Errors of sending are not reported: the other side is gone then, which both
// sides notice when they receive.
void send(int fd, Tag tag, std::string_view body = {}) noexcept;
void send_mapped(int fd, const Mapped& mapped);
void send_error(int fd, const base::Error& error);
void send_report(int fd, const Report& report);
void send_ended(int fd, const Ended& ended);

struct Wait {
  std::uint64_t deadline_ns = 0;  // CLOCK_MONOTONIC, 0: none
  int cancel_fd = -1;             // -1: none
};
[[nodiscard]] Message receive(int fd, const Wait& wait = {});

// True when the other side is gone.
[[nodiscard]] bool is_hung_up(int fd) noexcept;

[[nodiscard]] base::Error error_of(const Message& message);
[[nodiscard]] Mapped mapped_of(const Message& message);
[[nodiscard]] Report report_of(const Message& message);
[[nodiscard]] Ended ended_of(const Message& message);

}  // namespace driftcage::cage::sync
