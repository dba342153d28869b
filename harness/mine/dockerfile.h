// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/effect_option.h"

namespace driftcage::mine {

// What a Dockerfile does to the image that it starts from, as far as effects
// of a fault can say it.
struct DockerDrift {
  std::vector<scenario::GivenEffect> effects;
  std::vector<std::string> command;  // of ENTRYPOINT and CMD; may be empty
  // "line 3: RUN apt-get remove -y gcc", each instruction or part of one that
  // was not taken over.
  std::vector<std::string> not_understood;
};

// Of several stages the last one counts. Understands ENV, USER, CMD and
// ENTRYPOINT, and of RUN the commands rm, chmod with an octal mode and ln -s,
// joined by && or ;, with absolute paths and without variables or globs.
// Everything else is named in `not_understood`; building the file is what tells
// it all. Pure.
[[nodiscard]] DockerDrift read_dockerfile(const std::string& text);

}  // namespace driftcage::mine
