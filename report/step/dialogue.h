// vmtrunc step without its terminal: lines in, text out.
#ifndef VMTRUNC_REPORT_STEP_DIALOGUE_H_
#define VMTRUNC_REPORT_STEP_DIALOGUE_H_

#include <string>
#include <string_view>

#include "report/explain/text.h"
#include "report/step/play.h"

namespace vmtrunc::report {

class Dialogue {
 public:
  // Requires: `play` outlives this.
  Dialogue(Play& play, const Look& look) : play_(play), look_(look) {}

  // What is there before the first line.
  std::string Begin() const;

  // Any line has an answer: what was done, or in one line what was expected.
  std::string Answer(const std::string& line);
  bool ended() const { return ended_; }

  // After the last line: what the run comes to, and the command that shows it
  // again.
  std::string End() const;
  // The exit status: that of `run` for the same events; or kExitUsage where the
  // last file that was asked for could not be written.
  int Status() const;

 private:
  bool IsCommand(const std::string& word, const char* name,
                 const char* letter) const;
  std::string Choose(unsigned long number);
  std::string Take(std::string_view event);
  std::string Write(const std::string& path);
  std::string View(const Story& story) const;

  Play& play_;
  const Look look_;
  std::string written_to_, written_;  // the last file, and what it has
  bool write_failed_ = false;
  bool ended_ = false;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_STEP_DIALOGUE_H_
