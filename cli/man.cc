// vmtrunc man: the manual page, generated from the options.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/values.h"

namespace vmtrunc::cli {
namespace {

constexpr const char* kDescription = R"(.SH DESCRIPTION
Linux unmaps the truncated part of a file from every process while it keeps
dropping the lock it walks under.
.B vmtrunc
models that code, kernel by kernel, and finds the interleavings that leave a
page mapped past the end of the file: by fuzzing, by exhaustive search within a
bound, and beside the running kernel.
Its answer is a script that a person can read, change and run again.
.PP
A
.I KERNEL
is a row of
.BR "vmtrunc kernels" ,
perhaps with rules of
.B vmtrunc rules
flipped:
.BR 2.6.11\-importer\-rescans+unmap\-mutex .
Where several may be named, commas separate them.
A file with a kernel of your own
.RI ( *.kernel ,
or a name with a slash) may stand in the place of one:
a base kernel and its flips.
.B vmtrunc kernels
.I FILE
shows how it differs from each.
Scripts are read as text
.RI ( *.vmt )
or bytes;
.B \-
is standard input.
)";

constexpr const char* kEnd = R"(.SH EXIT STATUS
.TP
.B 0
Held.
.TP
.B 1
A property was broken, or an expectation not met.
.TP
.B 2
Bad usage or input; one line on standard error says what was expected.
.TP
.B 3
A search ran out or was stopped: neither held nor broken.
.SH FILES
Where the installation prefix is
.IR /usr :
.TP
.I /usr/share/vmtrunc/corpus
Scripts:
.I history
(the known bugs),
.I found
(what the search found) and others.
.B vmtrunc bugs \-\-check
runs those of
.IR history .
.TP
.I /usr/libexec/vmtrunc/fuzz_truncate
The instrumented executable that
.B vmtrunc fuzz
starts.
.TP
.I /usr/share/doc/vmtrunc
The forms of scripts, the model, the findings, and how the library is used.
.SH EXAMPLES
What each kernel does with the bug of 2004:
.PP
.RS
.nf
cd /usr/share/vmtrunc/corpus
vmtrunc run history/HB\-07a\-freed\-vma\-reused\-by\-split\-top.vmt \-\-kernel all
.fi
.RE
.PP
Step by step, and where another kernel parts:
.PP
.RS
.nf
vmtrunc explain history/HB\-07a\-freed\-vma\-reused\-by\-split\-top.vmt \-\-against 2.6.11
.fi
.RE
.PP
What one rule is needed for, within a bound:
.PP
.RS
.nf
vmtrunc prove \-\-bound tiny \-\-mms 1 \-\-operations 1 \-\-kernel 3.0\-clip\-to\-range
.fi
.RE
.PP
The same by fuzzing, for half a minute at most:
.PP
.RS
.nf
vmtrunc fuzz \-\-kernel 2.6.11\-importer\-rescans \-\-unlike 2.6.11 \-\-seconds 30
.fi
.RE
.SH SEE ALSO
.BR truncate (2),
.BR mremap (2),
.BR remap_file_pages (2),
.BR spin (1)
)";

// Escaped for roff: dashes can be searched for and copied, and no line is a
// request.
std::string Roff(const std::string& text) {
  const std::string escaped =
      absl::StrReplaceAll(text, {{"\\", "\\e"},
                                 {"-", "\\-"},
                                 {"\n.", "\n\\&."},
                                 {"\n'", "\n\\&'"},
                                 {"\nExit status", "\n.PP\nExit status"}});
  const bool is_request = escaped.starts_with('.') || escaped.starts_with('\'');
  return is_request ? "\\&" + escaped : escaped;
}

std::string Bold(const std::string& text) {
  return absl::StrCat("\\fB", Roff(text), "\\fR");
}
std::string Italic(const std::string& text) {
  return absl::StrCat("\\fI", Roff(text), "\\fR");
}

// "{one,two}" as "one | two"; other names are replaced by their meaning.
std::string Placeholder(const Value& value) {
  if (!value.name.starts_with('{')) {
    std::string list = Italic(value.name);
    if (value.is_list) list += ",...";
    return value.repeats ? list + "..." : list;
  }
  std::string words;
  for (const std::string& word : value.words)
    absl::StrAppend(&words, words.empty() ? "" : " | ", Bold(word));
  return words;
}

std::string OptionText(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames())
    absl::StrAppend(&names, names.empty() ? "" : ", ", Bold("-" + name));
  for (const std::string& name : option.get_lnames())
    absl::StrAppend(&names, names.empty() ? "" : ", ", Bold("--" + name));
  if (const Value value = ValueOf(option); value.kind != ValueKind::kNone)
    absl::StrAppend(&names, " ", Placeholder(value));
  std::string text = option.get_description();
  if (const std::string& value = option.get_default_str(); !value.empty())
    absl::StrAppend(&text, " [", value, "]");
  return absl::StrCat(".TP\n", names, "\n", Roff(text), "\n");
}

std::string Usage(const CLI::App& command) {
  std::string usage =
      Bold("vmtrunc " + command.get_name()) + " [" + Italic("OPTION") + "]...";
  for (const CLI::Option* option : Positionals(command)) {
    std::string name = Italic(option->get_name(true));
    if (option->get_items_expected_max() > 1) name += "...";
    absl::StrAppend(&usage, " ",
                    option->get_required() ? name : "[" + name + "]");
  }
  return usage;
}

std::string CommandText(const CLI::App& command) {
  std::string text =
      absl::StrCat(".SS ", command.get_name(), "\n", Usage(command), "\n.PP\n",
                   Roff(command.get_description()), "\n");
  for (const CLI::Option* option : Positionals(command))
    absl::StrAppend(&text, ".TP\n", Italic(option->get_name(true)), "\n",
                    Roff(option->get_description()), "\n");
  for (const CLI::Option* option : VisibleOptions(command))
    if (!option->check_lname("help"))
      absl::StrAppend(&text, OptionText(*option));
  return text;
}

std::string Page(const CLI::App& app) {
  std::string page = absl::StrCat(
      ".\\\" Made by vmtrunc man.\n"
      ".TH VMTRUNC 1 \"\" \"vmtrunc " VMTRUNC_VERSION
      "\" \"User Commands\"\n"
      ".SH NAME\nvmtrunc \\- find the interleavings that leave a page mapped "
      "past the end of a file\n"
      ".SH SYNOPSIS\n",
      Bold("vmtrunc"), " ", Italic("COMMAND"), " [", Italic("OPTION"), "]... [",
      Italic("FILE"), "]...\n.br\n", Bold("vmtrunc"), " ", Bold("--help"),
      " | ", Bold("--version"), "\n", kDescription, ".SH COMMANDS\nEach has ",
      Bold("--help"), ".\n");
  for (const CLI::App* command : VisibleCommands(app))
    absl::StrAppend(&page, CommandText(*command));
  return page + kEnd;
}

}  // namespace

void AddMan(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand("man", "prints the manual page, as roff");
  sub->callback([&] {
    run = [&app] {
      std::cout << Page(app);
      return base::kExitHeld;
    };
  });
}

}  // namespace vmtrunc::cli
