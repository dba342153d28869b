// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "harness/model/event.h"
#include "harness/trace/credentials.h"
#include "harness/trace/tree.h"

namespace driftcage::trace {

// A failed call, as far as its explanation needs it.
struct Failure {
  model::Syscall syscall = model::Syscall::Unknown;
  int err = 0;
  std::string abs;        // "" when the call has no path, or an unknown one
  std::string directory;  // where a relative #! interpreter is looked for
  std::uint64_t flags = 0;
  std::uint32_t mode = 0;
};

// What else may have to be asked, each only when it is needed.
struct Asked {
  // Of the calling thread; `real`: as access(2) sees it.
  std::function<Credentials(bool real)> credentials;
  // The name of the memory limit ("as", "data") that is in force; "" for none.
  std::function<std::string()> memory_limit;
};

struct Explanation {
  model::Cause cause = model::Cause::None;
  std::string at;
  std::string note;  // what it was judged by, see model::Event::cause_note
  bool operator==(const Explanation&) const = default;
};

// Why the call failed, seen from the tree as it is now, while the caller is
// still stopped. Cause::None: the errno says all there is to know, or what
// caused it is not to be seen from here.
[[nodiscard]] Explanation explain(Tree& tree, const Failure& failure,
                                  const Asked& asked);

}  // namespace driftcage::trace
