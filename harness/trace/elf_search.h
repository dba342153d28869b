// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/model/event.h"
#include "harness/trace/executable.h"

namespace driftcage::trace {

// DT_RPATH, DT_RUNPATH and DT_NEEDED of an ELF file, $ORIGIN replaced by
// `origin`, the directory that the loader takes it from. `loader`: what the
// loader runs as that looks at it; nothing: the kernel took it already. Pure
// but for `read_at`; trusts no address, length or offset that the file tells.
[[nodiscard]] model::ElfSearch read_elf_search(
    const ReadAt& read_at, const std::string& origin,
    std::optional<model::Abi> loader);

}  // namespace driftcage::trace
