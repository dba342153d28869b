// SPDX-License-Identifier: Apache-2.0
#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Length of the UTF-8 character that starts `text`; 0 when there is none. By
// the table of well-formed sequences: no overlong forms, no surrogates.
std::size_t character(std::string_view text) {
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = byte_at(text, i);
    if (next < low || next > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

// C1 controls are valid UTF-8, and terminals obey them.
bool is_control(std::string_view character) {
  const unsigned lead = byte_at(character, 0);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7f;
  return lead == 0xc2 && byte_at(character, 1) < 0xa0;
}

// What moves the letters around it or ends the line: directional marks,
// embeddings, overrides and isolates of Unicode, U+2028 and U+2029.
bool reorders(std::string_view character) {
  if (character == "\xd8\x9c") return true;  // U+061C
  if (character.size() != 3 || !character.starts_with("\xe2")) return false;
  const unsigned last = byte_at(character, 2);
  switch (byte_at(character, 1)) {
    case 0x80:  // U+200E, U+200F, U+2028 to U+202E
      return last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);
    case 0x81:  // U+2066 to U+2069
      return last >= 0xa6 && last <= 0xa9;
    default:
      return false;
  }
}

void append_escaped(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned value = byte_at(bytes, i);
    out += "\\x";
    out += kHex[value >> 4];
    out += kHex[value & 15];
  }
}

std::string escape(std::string_view bytes, std::string_view keep,
                   bool backslash) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = character(bytes);
    const std::string_view part =
        bytes.substr(0, length == 0 ? std::size_t{1} : length);
    const bool kept = length == 1 && keep.find(part[0]) != keep.npos;
    if (length == 0 || (is_control(part) && !kept) || reorders(part) ||
        (backslash && part == "\\")) {
      append_escaped(out, part);
    } else {
      out += part;
    }
    bytes.remove_prefix(part.size());
  }
  return out;
}

}  // namespace

std::string printable(std::string_view bytes) {
  return escape(bytes, "", /*backslash=*/true);
}

std::string printable_text(std::string_view bytes) {
  return escape(bytes, "\n\t", /*backslash=*/false);
}

std::string cut(std::string_view text, std::size_t limit) {
  constexpr std::string_view kMark = "...";
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit > kMark.size() ? limit - kMark.size() : 0;
  while (end > 0 && (byte_at(text, end) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)).append(kMark);
}

}  // namespace driftcage::report
