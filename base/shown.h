// File names for people and programs. A file's name is bytes: it need not be
// UTF-8, and it may hold a newline or an escape sequence.
#ifndef VMTRUNC_BASE_SHOWN_H_
#define VMTRUNC_BASE_SHOWN_H_

#include <string>
#include <string_view>

namespace vmtrunc::base {

// For JSON and HTML: valid UTF-8; invalid bytes are written \xNN. Valid text is
// unchanged.
std::string Utf8(std::string_view bytes);

// For a line on a terminal or in a log: as Utf8(), and control characters (C0,
// DEL, C1) are written \xNN, a newline \n, a tab \t.
std::string Shown(std::string_view bytes);

// For the one line of an error, which quotes the input: as Shown(); text longer
// than any file name or path is cut in its middle, with its size.
std::string ShownInError(std::string_view bytes);

// For a command line to be pasted into a POSIX shell: unchanged if that is
// safe, else in quotes. Text with control characters or invalid UTF-8 is
// written $'...', which bash, zsh and ksh understand.
std::string ShellWord(std::string_view bytes);

// A path that no command mistakes for an option: "./-x".
std::string PathArgument(std::string_view path);

// ShellWord() of that.
std::string PathWord(std::string_view path);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_SHOWN_H_
