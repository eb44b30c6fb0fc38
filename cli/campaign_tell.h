// The output of a running campaign.
#ifndef VMTRUNC_CLI_CAMPAIGN_TELL_H_
#define VMTRUNC_CLI_CAMPAIGN_TELL_H_

#include <string>

namespace vmtrunc::cli {

// Overwrites the previous line, once a second, cut to the terminal's width: a
// longer one could not be overwritten.
bool IsTimeToShow();
void ShowOnTerminal(const std::string& line);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CAMPAIGN_TELL_H_
