// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace driftcage::scenario {
namespace {

using Values = std::map<std::string, std::string>;

std::string replaced(std::string_view text, const Values& values) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("${", at);
    const std::size_t close =
        open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    const auto value =
        values.find(std::string(text.substr(open + 2, close - open - 2)));
    out += text.substr(at, open - at);
    if (value == values.end()) {
      out += text.substr(open, 2);
      at = open + 2;
    } else {
      out += value->second;
      at = close + 1;
    }
  }
  return out.append(text.substr(at));
}

void fill(const Values& values, Node* node) {
  if (node->kind == Kind::Text) {
    std::string text = replaced(node->text, values);
    node->at.whole = node->at.whole || text != node->text;
    node->text = std::move(text);
  }
  for (Node& item : node->items) fill(values, &item);
  for (Entry& entry : node->entries) {
    std::string name = replaced(entry.name, values);
    entry.at.whole = entry.at.whole || name != entry.name;
    entry.name = std::move(name);
    fill(values, &entry.value);
  }
}

bool left_out(const Node& matrix, const Values& values) {
  const Node* skip = matrix.get("skip", Kind::Array);
  if (skip == nullptr) return false;
  return std::ranges::any_of(skip->items, [&](const Node& rule) {
    return std::ranges::all_of(rule.entries, [&](const Entry& entry) {
      const auto value = values.find(entry.name);
      return value != values.end() && value->second == entry.value.text;
    });
  });
}

std::string default_name(const std::vector<const Entry*>& axes,
                         const Values& values) {
  std::string name;
  for (const Entry* axis : axes) {
    name += (name.empty() ? "" : ",") + values.at(axis->name);
  }
  return name;
}

// What a skip rule names must exist, or the rule would never take effect.
void check_skips(const Node& matrix, const std::vector<const Entry*>& axes,
                 Mistakes* mistakes) {
  const Node* skip = matrix.get("skip", Kind::Array);
  if (skip == nullptr) return;
  for (const Node& rule : skip->items) {
    for (const Entry& entry : rule.entries) {
      const auto axis = std::ranges::find(axes, entry.name, &Entry::name);
      if (axis == axes.end()) {
        mistakes->add(entry.at,
                      fmt::format("the matrix has no \"{}\"", entry.name));
        continue;
      }
      const bool known = std::ranges::any_of(
          (*axis)->value.items,
          [&](const Node& value) { return value.text == entry.value.text; });
      if (!known) {
        mistakes->add(entry.value.at,
                      fmt::format("\"{}\" is no value of {}", entry.value.text,
                                  entry.name));
      }
    }
  }
}

}  // namespace

std::vector<MatrixCell> matrix_cells(const Node& root, Mistakes* mistakes) {
  const Node* matrix = root.get("matrix", Kind::Table);
  if (matrix == nullptr) return {};
  std::vector<const Entry*> axes;
  std::size_t count = 1;
  for (const Entry& entry : matrix->entries) {
    if (entry.name == "name" || entry.name == "skip") continue;
    if (entry.value.kind != Kind::Array || entry.value.items.empty()) return {};
    axes.push_back(&entry);
    count *= std::min(entry.value.items.size(), kMaxCells + 1);
    if (count > kMaxCells) {
      mistakes->add(entry.at,
                    fmt::format("more than {} combinations", kMaxCells));
      return {};
    }
  }
  if (axes.empty()) return {};
  check_skips(*matrix, axes, mistakes);

  std::vector<MatrixCell> cells;
  std::set<std::string> names;
  const Node* name = matrix->get("name", Kind::Text);
  for (std::size_t number = 0; number < count; ++number) {
    MatrixCell cell;
    std::size_t rest = number;
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
      const auto& items = (*axis)->value.items;
      cell.values[(*axis)->name] = items[rest % items.size()].text;
      rest /= items.size();
    }
    if (left_out(*matrix, cell.values)) continue;
    cell.name = name == nullptr ? default_name(axes, cell.values)
                                : replaced(name->text, cell.values);
    // Records have a folder per id.
    for (char& c : cell.name) {
      if (c == '/' || static_cast<unsigned char>(c) < ' ') c = '_';
    }
    if (!names.insert(cell.name).second) {
      mistakes->add(
          name == nullptr ? matrix->at : name->at,
          fmt::format("two combinations are called \"{}\"", cell.name));
      return {};
    }
    cells.push_back(std::move(cell));
  }
  if (cells.empty()) {
    mistakes->add(matrix->at, "skip leaves no combination");
  }
  return cells;
}

Node fill_in(const Node& root, const MatrixCell& cell) {
  Node filled = root;
  std::erase_if(filled.entries,
                [](const Entry& entry) { return entry.name == "matrix"; });
  fill(cell.values, &filled);
  return filled;
}

}  // namespace driftcage::scenario
