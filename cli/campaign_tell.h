// What a campaign shows while it runs.
#ifndef VMTRUNC_CLI_CAMPAIGN_TELL_H_
#define VMTRUNC_CLI_CAMPAIGN_TELL_H_

#include <string>

namespace vmtrunc::cli {

// A line over the one before, once a second, cut to the terminal's width: a
// longer one could not be taken back.
bool IsTimeToShow();
void ShowOnTerminal(const std::string& line);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CAMPAIGN_TELL_H_
