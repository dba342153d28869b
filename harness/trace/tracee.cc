// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/tracee.h"

namespace driftcage::trace {

Thread* ThreadTable::find(pid_t tid) {
  if (last_ != nullptr && last_->tid == tid) return last_;
  const auto found = threads_.find(tid);
  if (found == threads_.end()) return nullptr;
  last_ = found->second.get();
  return last_;
}

Thread& ThreadTable::add(pid_t tid) {
  auto& slot = threads_[tid];
  if (last_ == slot.get()) last_ = nullptr;
  slot = std::make_unique<Thread>(tid);
  return *slot;
}

void ThreadTable::erase(pid_t tid) {
  if (last_ != nullptr && last_->tid == tid) last_ = nullptr;
  threads_.erase(tid);
}

}  // namespace driftcage::trace
