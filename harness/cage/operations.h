// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/base/result.h"
#include "harness/cage/steps.h"
#include "harness/cage/tree.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Attaches the let-in trees and carries out the operations of `spec`, in order,
// in the cage's root, which is the calling process's. Gives the payload's
// environment, in which DropPrograms has changed PATH.
[[nodiscard]] base::Result<std::map<std::string, std::string>> apply_operations(
    const model::CageSpec& spec, Tree& tree, Steps& steps);

}  // namespace driftcage::cage
