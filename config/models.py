from config.analytics.models import DailyFigures, ScrapedApi

__all__ = ["DailyFigures", "ScrapedApi"]
