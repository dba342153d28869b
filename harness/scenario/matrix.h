// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/scenario/checker.h"
#include "harness/scenario/document.h"

namespace driftcage::scenario {

// One combination of a [matrix].
struct MatrixCell {
  std::string name;  // what stands in the brackets of the id
  std::map<std::string, std::string> values;
};

// Most combinations of a file: more is a mistake of multiplication.
inline constexpr std::size_t kMaxCells = 100;

// The combinations that are left, in the order of the file, the last name
// changing fastest. Empty when there is no matrix or a mistake in it.
[[nodiscard]] std::vector<MatrixCell> matrix_cells(const Node& root,
                                                   Mistakes* mistakes);

// The file with `${name}` replaced in every key and text outside [matrix].
[[nodiscard]] Node fill_in(const Node& root, const MatrixCell& cell);

}  // namespace driftcage::scenario
