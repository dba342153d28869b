// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/model/event.h"
#include "harness/trace/executable.h"

namespace driftcage::trace {

// DT_RPATH and DT_RUNPATH of an ELF file, $ORIGIN replaced by `origin`, the
// directory that it lies in; nothing when it has neither. Pure but for
// `read_at`; trusts no address, length or offset that the file tells.
[[nodiscard]] std::optional<model::ElfSearch> read_elf_search(
    const ReadAt& read_at, const std::string& origin);

}  // namespace driftcage::trace
