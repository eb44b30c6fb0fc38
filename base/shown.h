// Names as people and programs may read them. A file's name is bytes: it need
// not be UTF-8, and it may hold a newline or an escape sequence.
#ifndef VMTRUNC_BASE_SHOWN_H_
#define VMTRUNC_BASE_SHOWN_H_

#include <string>
#include <string_view>

namespace vmtrunc::base {

// For JSON and HTML: valid UTF-8; a byte that is no part of a character is
// written \xNN. Valid text comes back as it is.
std::string Utf8(std::string_view bytes);

// For a line on a terminal or in a log: as Utf8(), and control characters (C0,
// DEL, C1) are written \xNN, a newline \n, a tab \t.
std::string Shown(std::string_view bytes);

// For the one line of an error, which quotes what was given: as Shown(), and
// what is longer than any name of a file or path is cut in its middle, where
// its size is said.
std::string ShownInError(std::string_view bytes);

// For a command line that is printed to be pasted into a POSIX shell: as it is
// where that is safe, else in quotes. What has control characters or is not
// UTF-8 is written $'...', which bash, zsh and ksh understand.
std::string ShellWord(std::string_view bytes);

// A path that no command takes for an option: "./-x".
std::string PathArgument(std::string_view path);

// ShellWord() of that.
std::string PathWord(std::string_view path);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_SHOWN_H_
