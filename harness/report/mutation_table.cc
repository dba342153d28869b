// SPDX-License-Identifier: Apache-2.0
#include "harness/report/mutation_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

using model::Verdict;

// No bar may end a cell of the table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : printable_text(text)) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void MutationTable::add(const std::string& id, const std::string& image,
                        Verdict verdict, const std::string& reason) {
  Row& row = images_[image][id];
  row.verdict = verdict;
  row.reason = reason;
}

void MutationTable::add(const std::string& id, const std::string& image,
                        const match::Mutant& mutant, Verdict verdict) {
  Row& row = images_[image][id];
  Count& count = row.counts[static_cast<std::size_t>(mutant.kind)];
  ++count.all;
  if (match::is_red(verdict)) {
    ++count.red;
  } else {
    row.survivors.push_back(
        fmt::format("{}: {}", mutant.what, model::verdict_name(verdict)));
  }
}

bool MutationTable::all_red() const {
  for (const auto& [image, rows] : images_) {
    for (const auto& [id, row] : rows) {
      if (row.verdict == Verdict::Skip) continue;
      if (row.verdict != Verdict::Pass || !row.survivors.empty()) return false;
    }
  }
  return true;
}

std::string MutationTable::markdown() const {
  std::string text =
      "# Mutations\n"
      "\n"
      "Made by `driftcage mutate`; do not edit. Of each case the number of its "
      "claims: lines of the signature turned\n"
      "into their opposite, faults dropped, fixes dropped or given the other "
      "role. `3/3` means that the case turned red\n"
      "with each of three.\n";
  for (const auto& [image, rows] : images_) {
    text += fmt::format(
        "\n## {}\n\n| case | lines | faults | fixes |\n|---|---|---|---|\n",
        cell(image));
    std::array<Count, 3> sums{};
    std::string left;
    std::string skipped;
    for (const auto& [id, row] : rows) {
      if (row.verdict == Verdict::Skip) {
        skipped += fmt::format("- `{}`: {}\n", id, cell(row.reason));
        continue;
      }
      if (row.verdict != Verdict::Pass) {
        left += fmt::format("- `{}` does not pass as it is: {}\n", id,
                            model::verdict_name(row.verdict));
        continue;
      }
      text += fmt::format("| `{}` |", id);
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const Count& count = row.counts[i];
        sums[i].all += count.all;
        sums[i].red += count.red;
        text += count.all == 0 ? " |"
                               : fmt::format(" {}/{} |", count.red, count.all);
      }
      text += '\n';
      for (const std::string& survivor : row.survivors) {
        left += fmt::format("- `{}`: {}\n", id, cell(survivor));
      }
    }
    text += "| all |";
    for (const Count& sum : sums) {
      text += fmt::format(" {}/{} |", sum.red, sum.all);
    }
    text += '\n';
    if (!left.empty()) text += "\nNot red:\n\n" + left;
    if (!skipped.empty()) text += "\nSkipped:\n\n" + skipped;
  }
  return text;
}

}  // namespace driftcage::report
