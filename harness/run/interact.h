// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/result.h"
#include "harness/model/cage_spec.h"
#include "harness/wire/record.h"

namespace driftcage::run {

struct Interaction {
  wire::End end;
  int signal = 0;  // that asked the cage to end; 0: none
};

// Runs a cage with this process's standard streams. When both input and output
// are terminals the payload gets one of its own (pty(7)), with job control and
// the size of ours, which is in raw mode meanwhile and restored whatever
// happens; otherwise it gets the streams themselves.
[[nodiscard]] base::Result<Interaction> interact(model::CageSpec spec);

}  // namespace driftcage::run
