// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/include.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "harness/base/path.h"
#include "harness/scenario/shape.h"

namespace driftcage::scenario {
namespace {

// Everything in it stands where the include stands, for messages.
void move_to(const Span& at, Node* node) {
  node->at = at;
  for (Node& item : node->items) move_to(at, &item);
  for (Entry& entry : node->entries) {
    entry.at = at;
    move_to(at, &entry.value);
  }
}

void merge(Node&& from, Node* into) {
  for (Entry& entry : from.entries) {
    const auto own = std::ranges::find(into->entries, entry.name, &Entry::name);
    if (own == into->entries.end()) {
      into->entries.push_back(std::move(entry));
    } else if (own->value.kind == Kind::Table &&
               entry.value.kind == Kind::Table) {
      merge(std::move(entry.value), &own->value);
    }
  }
}

class Includer {
 public:
  Includer(const ReadFile& read, Mistakes* mistakes)
      : read_(read), mistakes_(*mistakes) {}

  // Files are taken last first: what is there already wins.
  void take(const std::string& file, const Node& list, Node* root) {
    chain_.push_back(file);
    for (auto item = list.items.rbegin(); item != list.items.rend(); ++item) {
      if (item->kind == Kind::Text && !item->text.empty()) {
        take_one(file, *item, root);
      }
    }
    chain_.pop_back();
  }

 private:
  void take_one(const std::string& file, const Node& name, Node* root) {
    const std::string path = base::path::clean(
        name.text.starts_with('/')
            ? name.text
            : std::string(base::path::dir_name(file)) + "/" + name.text);
    if (std::ranges::find(chain_, path) != chain_.end()) {
      return mistakes_.add(place(name),
                           fmt::format("{} includes itself", path));
    }
    if (chain_.size() > kMaxIncludeDepth) {
      return mistakes_.add(place(name),
                           fmt::format("files are included more than {} deep",
                                       kMaxIncludeDepth));
    }
    const auto text = read_(path);
    if (!text) {
      return mistakes_.add(place(name), text.error().message());
    }
    auto part = read_document(*text, path);
    if (!part) {
      Diagnostic mistake = part.error();
      mistake.source = *text;
      return mistakes_.add(std::move(mistake));
    }
    Mistakes inside(*text, path);
    check_shape(*part, part_shape(), &inside);
    if (!inside.none()) {
      // Taken in, they would be found a second time.
      for (Diagnostic& mistake : inside.take()) {
        mistake.source = *text;
        mistakes_.add(std::move(mistake));
      }
      return;
    }
    Node nested;
    if (const Node* list = part->get("include", Kind::Array)) nested = *list;
    std::erase_if(part->entries,
                  [](const Entry& entry) { return entry.name == "include"; });
    const Span outer = std::exchange(at_, place(name));
    move_to(at_, &*part);
    merge(std::move(*part), root);
    take(path, nested, root);
    at_ = outer;
  }

  // The outermost include that leads here.
  [[nodiscard]] Span place(const Node& name) const {
    if (chain_.size() > 1) return at_;
    Span at = name.at;
    at.whole = true;
    return at;
  }

  const ReadFile& read_;
  Mistakes& mistakes_;
  std::vector<std::string> chain_;
  Span at_;
};

}  // namespace

void include_files(const std::string& file, const ReadFile& read, Node* root,
                   Mistakes* mistakes) {
  const Node* list = root->get("include", Kind::Array);
  if (list == nullptr) return;
  if (!read) {
    mistakes->add(list->at, "files cannot be included here");
    return;
  }
  const Node names = *list;
  Includer(read, mistakes).take(base::path::clean(file), names, root);
}

}  // namespace driftcage::scenario
