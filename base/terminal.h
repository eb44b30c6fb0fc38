// Terminals: whether one takes escape sequences, and a line of progress on it.
#ifndef VMTRUNC_BASE_TERMINAL_H_
#define VMTRUNC_BASE_TERMINAL_H_

#include <string_view>

namespace vmtrunc::base {

// Whether the descriptor is a terminal that takes escape sequences: TERM=dumb
// says that it does not.
bool TakesEscapes(int file);

// Clears the line of a terminal that takes escape sequences.
inline constexpr const char* kClearLine = "\r\033[K";

// Replaces the line that standard error ends with. Cut to the terminal's width:
// a longer one could not be replaced.
void ShowLine(std::string_view line);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_TERMINAL_H_
