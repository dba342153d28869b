// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/reader.h"

namespace driftcage::scenario {
namespace {

int number_of(const Node& table, std::string_view key, int otherwise) {
  const Node* node = table.get(key, Kind::Integer);
  return node == nullptr ? otherwise : static_cast<int>(node->integer);
}

}  // namespace

void read_learn(const Node& table, const std::vector<Fix>& fixes, Learn* learn,
                Mistakes* mistakes) {
  learn->level = number_of(table, "level", 1);
  learn->order = number_of(table, "order", 0);
  learn->story = text_of(table, "story");
  learn->goal = text_of(table, "goal");
  learn->ask = text_of(table, "ask");
  learn->hints = texts_of(table, "hints");
  learn->forbid = texts_of(table, "forbid");
  learn->protect = texts_of(table, "protect");
  learn->debrief = text_of(table, "debrief");
  const Node* type = table.get("type", Kind::Table);
  if (type == nullptr) return;
  for (const Entry& entry : type->entries) {
    bool known = false;
    for (const Fix& fix : fixes) known |= fix.id == entry.name;
    if (!known) {
      mistakes->add(entry.at, "no [[fix]] has the id \"" + entry.name + "\"",
                    "learn.type names what is typed for a fix of this file");
    }
    learn->type[entry.name] = texts_of(*type, entry.name);
  }
}

}  // namespace driftcage::scenario
