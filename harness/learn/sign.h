// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "harness/base/result.h"

namespace driftcage::learn {

// Tells other terminals of this user at which socket the running session
// listens, for as long as it exists: see open_session().
class Sign {
 public:
  static base::Result<Sign> put_up(const std::string& socket);
  Sign(Sign&& other) noexcept
      : file_(std::exchange(other.file_, {})), text_(std::move(other.text_)) {}
  Sign& operator=(Sign&&) = delete;
  ~Sign();

 private:
  Sign() = default;
  std::string file_;
  std::string text_;
};

}  // namespace driftcage::learn
