// A set of rules by number: a bit each, for the maximum of rules in the byte
// form.
//
// std::bitset<128> lacks three things: words for the byte form, an order, and
// iteration over its bits.
#ifndef VMTRUNC_CORE_MODEL_RULE_SET_H_
#define VMTRUNC_CORE_MODEL_RULE_SET_H_

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace vmtrunc {

class RuleSet {
 public:
  // To widen it, raise this and give the new words a place in the byte form.
  static constexpr size_t kWords = 2;
  static constexpr size_t kMostRules = 64 * kWords;

  // Iterates over the numbers of the rules, in ascending order.
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = size_t;

    constexpr Iterator() = default;
    constexpr explicit Iterator(const RuleSet& rules) : left_(rules.words_) {
      Settle();
    }
    constexpr size_t operator*() const {
      return 64 * word_ + static_cast<size_t>(std::countr_zero(left_[word_]));
    }
    constexpr Iterator& operator++() {
      left_[word_] &= left_[word_] - 1;
      Settle();
      return *this;
    }
    constexpr Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    constexpr void Settle() {
      while (word_ < kWords && left_[word_] == 0) ++word_;
    }

    std::array<uint64_t, kWords> left_{};
    size_t word_ = 0;
  };

  constexpr RuleSet() = default;
  static constexpr RuleSet Of(size_t rule) { return RuleSet().flip(rule); }
  // Rules 0 to `rules` - 1.
  static constexpr RuleSet FirstOf(size_t rules) {
    RuleSet all;
    for (size_t w = 0; w < rules / 64; ++w) all.words_[w] = ~uint64_t{0};
    if (rules % 64 != 0)
      all.words_[rules / 64] = (uint64_t{1} << rules % 64) - 1;
    return all;
  }

  // Requires: rule < kMostRules, in these three.
  constexpr bool test(size_t rule) const {
    return (words_[rule / 64] >> rule % 64 & 1) != 0;
  }
  constexpr RuleSet& set(size_t rule, bool on = true) {
    return test(rule) == on ? *this : flip(rule);
  }
  constexpr RuleSet& flip(size_t rule) {
    words_[rule / 64] ^= uint64_t{1} << rule % 64;
    return *this;
  }

  constexpr size_t count() const {
    size_t rules = 0;
    for (const uint64_t word : words_)
      rules += static_cast<size_t>(std::popcount(word));
    return rules;
  }
  constexpr bool empty() const { return *this == RuleSet(); }
  // The lowest. Requires: !empty().
  constexpr size_t first() const { return *begin(); }
  constexpr Iterator begin() const { return Iterator(*this); }
  // The end of iteration: nothing left, past the words.
  constexpr Iterator end() const { return Iterator(RuleSet()); }

  // 64 rules of it, as the byte form has them: bit i of word w is rule
  // 64 w + i.
  constexpr uint64_t word(size_t w) const { return words_[w]; }
  constexpr void set_word(size_t w, uint64_t bits) { words_[w] = bits; }

  constexpr RuleSet& operator^=(const RuleSet& other) {
    for (size_t w = 0; w < kWords; ++w) words_[w] ^= other.words_[w];
    return *this;
  }
  constexpr RuleSet& operator|=(const RuleSet& other) {
    for (size_t w = 0; w < kWords; ++w) words_[w] |= other.words_[w];
    return *this;
  }
  constexpr RuleSet& operator&=(const RuleSet& other) {
    for (size_t w = 0; w < kWords; ++w) words_[w] &= other.words_[w];
    return *this;
  }
  friend constexpr RuleSet operator^(RuleSet a, const RuleSet& b) {
    return a ^= b;
  }
  friend constexpr RuleSet operator|(RuleSet a, const RuleSet& b) {
    return a |= b;
  }
  friend constexpr RuleSet operator&(RuleSet a, const RuleSet& b) {
    return a &= b;
  }

  constexpr bool operator==(const RuleSet&) const = default;
  // As the numbers that the words are together.
  constexpr std::strong_ordering operator<=>(const RuleSet& other) const {
    for (size_t w = kWords; w-- > 0;)
      if (words_[w] != other.words_[w]) return words_[w] <=> other.words_[w];
    return std::strong_ordering::equal;
  }

  template <typename H>
  friend H AbslHashValue(H h, const RuleSet& rules) {
    return H::combine(std::move(h), rules.words_);
  }

 private:
  std::array<uint64_t, kWords> words_{};
};

static_assert(std::is_trivially_copyable_v<RuleSet>);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_RULE_SET_H_
