// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/cage/cage.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cell {

// The descriptors that driftcage-cell inherits.
inline constexpr int kSpecFd = 3;   // in: the cage spec, then nothing until EOF
inline constexpr int kTraceFd = 4;  // out: wire records
// From a nursery only: both of a cage::IdleNetwork.
inline constexpr int kNetworkFd = 5;
inline constexpr int kSocketsFd = 6;

// Reads one spec from `fd`: its length in four bytes, little endian, then
// wire::encode_spec. The end of file before that is ECANCELED.
[[nodiscard]] base::Result<model::CageSpec> read_spec(int fd);

// One leg from spec to End record: reads the spec from `in`, builds the cage,
// runs and traces the payload, writes records to `out`, the End always last.
// The end of file on `in` cancels the run: whoever started it is gone, or wants
// it to stop. True when the End record was written. The calling process must be
// single-threaded and have no children, and end soon: mounts outlive the call,
// nothing else does.
[[nodiscard]] bool run_cell(int in, int out, cage::IdleNetwork network = {});

}  // namespace driftcage::cell
