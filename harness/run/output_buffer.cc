// SPDX-License-Identifier: Apache-2.0
#include "harness/run/output_buffer.h"

#include <algorithm>
#include <utility>

namespace driftcage::run {

void OutputBuffer::add(std::string_view bytes) {
  const std::size_t room = half_ - std::min(half_, head_.size());
  head_.append(bytes.substr(0, room));
  bytes.remove_prefix(std::min(room, bytes.size()));
  tail_.append(bytes);
  // Cut only now and then: moving the tail for each read would be quadratic.
  if (tail_.size() > 2 * half_) {
    dropped_ += tail_.size() - half_;
    tail_.erase(0, tail_.size() - half_);
  }
}

std::string OutputBuffer::take() {
  if (tail_.size() > half_) {
    dropped_ += tail_.size() - half_;
    tail_.erase(0, tail_.size() - half_);
  }
  std::string all = std::exchange(head_, {});
  if (dropped_ > 0) {
    all +=
        "\n[driftcage: " + std::to_string(dropped_) + " bytes left out here]\n";
  }
  all += std::exchange(tail_, {});
  return all;
}

}  // namespace driftcage::run
