// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace driftcage::report {

// Bytes as printable UTF-8 on one line, without loss: control characters, those
// that reorder a line, the backslash and bytes that are no valid UTF-8 become
// \xNN. Nothing else contains a backslash, so that replacing each \xNN gives
// the bytes back.
[[nodiscard]] std::string printable(std::string_view bytes);

// Text of several lines for a terminal: newlines and tabs stay, so do
// backslashes; other control characters, those that reorder a line, and bad
// UTF-8 become \xNN.
[[nodiscard]] std::string printable_text(std::string_view bytes);

// At most `limit` bytes, cut between characters, with "..." at the end.
[[nodiscard]] std::string cut(std::string_view text, std::size_t limit);

}  // namespace driftcage::report
