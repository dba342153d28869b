// SPDX-License-Identifier: Apache-2.0
#include "harness/match/steps.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/scenario/steps.h"

namespace driftcage::match {
namespace {

struct Part {
  std::string text;
  int exit = 0;
};

std::vector<Part> cut(std::string* text) {
  std::vector<Part> parts;
  std::string all;
  std::size_t at = 0;
  while (true) {
    const std::size_t mark = text->find(scenario::kStepMark, at);
    if (mark == std::string::npos) break;
    const std::size_t number = mark + scenario::kStepMark.size();
    const std::size_t end = std::min(text->find('\n', number), text->size());
    Part part;
    part.text = text->substr(at, mark - at);
    std::from_chars(text->data() + number, text->data() + end, part.exit);
    all += part.text;
    parts.push_back(std::move(part));
    at = std::min(end + 1, text->size());
  }
  *text = all.append(*text, at);
  return parts;
}

}  // namespace

std::vector<StepResult> take_steps(std::string* out, std::string* err) {
  std::vector<Part> outs = cut(out);
  std::vector<Part> errs = cut(err);
  std::vector<StepResult> steps;
  for (std::size_t i = 0; i < std::min(outs.size(), errs.size()); ++i) {
    steps.push_back(
        {outs[i].exit, std::move(outs[i].text), std::move(errs[i].text)});
  }
  return steps;
}

}  // namespace driftcage::match
