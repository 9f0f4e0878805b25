"""Campaign modules: one folder each, none imports another (the contract: streamhub/campaign.py)."""
