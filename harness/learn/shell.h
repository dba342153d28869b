// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/image/image.h"
#include "harness/plan/planner.h"

// The student's shell: what it is started with, and the words it knows.
namespace driftcage::learn {

// In the cage: the program that carries words outside.
inline constexpr const char* kVoice = "/.driftcage-voice";

// For bash and sh alike. Its last line says `hello`.
[[nodiscard]] std::string start_up_file(const std::string& prompt);

// The cage of the fault leg with a shell in it. `folder`: of the host, with the
// door and the start-up file `rc`; `cell`: driftcage-cell, which is the voice;
// `terminal`: the value of TERM.
[[nodiscard]] model::CageSpec shell_cage(const plan::ScenarioPlan& plan,
                                         const image::Image& image,
                                         const std::string& folder,
                                         const std::string& cell,
                                         const std::string& terminal);

}  // namespace driftcage::learn
