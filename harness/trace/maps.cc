// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/maps.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace driftcage::trace {
namespace {

std::string_view next_word(std::string_view& line) {
  const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(start);
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || rest != text.data() + text.size())
    return std::nullopt;
  return value;
}

// The kernel writes a newline in a name as \012.
std::string unescaped(std::string_view name) {
  std::string text(name);
  for (std::size_t at = text.find("\\012"); at != std::string::npos;
       at = text.find("\\012", at + 1)) {
    text.replace(at, 4, "\n");
  }
  return text;
}

std::optional<model::MappedFile> parse_line(std::string_view line) {
  next_word(line);  // addresses
  const std::string_view rights = next_word(line);
  next_word(line);  // offset
  const std::string_view device = next_word(line);
  const auto inode = number(next_word(line), 10);
  const std::size_t colon = device.find(':');
  if (rights.size() < 3 || colon == std::string_view::npos) return std::nullopt;
  const auto major = number(device.substr(0, colon), 16);
  const auto minor = number(device.substr(colon + 1), 16);
  const std::size_t start = line.find_first_not_of(' ');
  if (!inode || *inode == 0 || !major || !minor ||
      start == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view name = line.substr(start);
  constexpr std::string_view kDeleted = " (deleted)";
  model::MappedFile file;
  file.file.deleted = name.ends_with(kDeleted);
  if (file.file.deleted) name.remove_suffix(kDeleted.size());
  file.path = unescaped(name);
  file.file.device =
      makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor));
  file.file.inode = *inode;
  const int protection = (rights[0] == 'r' ? PROT_READ : 0) |
                         (rights[1] == 'w' ? PROT_WRITE : 0) |
                         (rights[2] == 'x' ? PROT_EXEC : 0);
  file.rights = 1U << static_cast<unsigned>(protection);
  return file;
}

}  // namespace

std::vector<model::MappedFile> parse_maps(std::string_view text) {
  std::vector<model::MappedFile> files;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto file = parse_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!file) continue;
    const auto known = std::find_if(
        files.begin(), files.end(), [&file](const model::MappedFile& other) {
          return other.file == file->file && other.path == file->path;
        });
    if (known == files.end()) {
      files.push_back(*std::move(file));
    } else {
      known->rights |= file->rights;
    }
  }
  return files;
}

}  // namespace driftcage::trace
