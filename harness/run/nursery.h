// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/run/spawn.h"

namespace driftcage::run {

// A running nursery (harness/wire/nursery.h): starts cells by fork instead of
// execve.
class Nursery {
 public:
  // Fails when `program` cannot be started, or is none that can be a nursery.
  static base::Result<Nursery> start(const std::string& program);
  Nursery(Nursery&& other) noexcept;
  Nursery& operator=(Nursery&&) = delete;
  ~Nursery();  // ends it; cells go on

  // A cell, with Stdio::Capture. `slot`: no other cell of it may be there any
  // more, or it is wire::kNurserySlots. `cpu`: as for pin(). After an error the
  // nursery is of no more use.
  base::Result<Spawned> spawn(std::uint8_t slot, int cpu);

 private:
  Nursery(pid_t pid, base::UniqueFd socket)
      : pid_(pid), socket_(std::move(socket)) {}
  pid_t pid_;
  base::UniqueFd socket_;
  pid_t spare_ = -1;   // announced, and not made a cell
  bool mute_ = false;  // it owes an answer
};

}  // namespace driftcage::run
