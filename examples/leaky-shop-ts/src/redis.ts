import { Redis } from 'ioredis';
import { settings } from './settings.js';

export const redis = new Redis(settings.redisUrl, { maxRetriesPerRequest: null });
