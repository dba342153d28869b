// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/wire/call.h"

namespace driftcage::learn {

// Somebody who asked and waits for the answer.
class Visitor {
 public:
  Visitor(base::UniqueFd fd, wire::Call call, int pid)
      : fd_(std::move(fd)), call_(std::move(call)), pid_(pid) {}
  [[nodiscard]] const wire::Call& call() const { return call_; }
  // In this process's pid namespace, by SO_PEERCRED of unix(7).
  [[nodiscard]] int pid() const { return pid_; }
  // False when nobody reads any more.
  bool say(std::string_view text);
  // The last word: the exit status of the visitor's process.
  void dismiss(int status);

 private:
  base::UniqueFd fd_;
  wire::Call call_;
  int pid_ = 0;
};

// The socket at which a lesson's cage and other terminals reach the session.
// It lies in a private folder in /tmp, whose inner folder is what a cage sees.
class Door {
 public:
  static base::Result<Door> open();
  Door(Door&& other) noexcept;
  Door& operator=(Door&&) = delete;
  ~Door();  // removes the folder

  [[nodiscard]] int fd() const { return fd_.get(); }
  // What the cage sees, and the folder around it, which only we see.
  [[nodiscard]] std::string folder() const { return outer_ + "/inside"; }
  [[nodiscard]] const std::string& private_folder() const { return outer_; }
  [[nodiscard]] std::string socket() const { return folder() + "/door"; }
  // Takes the next visitor's call; nothing when it made no sense or did not
  // come at once. Calls come from a cage: a slow one must not hold the session.
  [[nodiscard]] std::shared_ptr<Visitor> accept();

 private:
  Door() = default;
  std::string outer_;
  base::UniqueFd fd_;
};

}  // namespace driftcage::learn
